//! A dashboard of a test's own, and short ways to ask it.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, Response, StatusCode, header};
use landfall_dashboard::Dashboard;
use landfall_service::access::{AccessKeys as _, Doorkeeper, Keyless, Role};
use landfall_service::memory::MemoryKeys;
use landfall_testkit::access::made_up;
use landfall_testkit::{Harness, Memory};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

/// Names that a page must neither trip over nor take for its own.
pub(crate) const ODD: [&str; 5] = [
    "<script>alert(1)</script>",
    "a\"b'c&d",
    "100 % / 50",
    "=🛋️ sofa",
    "../batches?x=1#y",
];

/// An engine and the dashboard in front of it.
pub(crate) struct Site {
    pub(crate) engine: Harness<Memory>,
    keys: MemoryKeys,
    router: Router,
    elsewhere: Router,
}

/// A page, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// Nobody needs a key.
pub(crate) fn site() -> Site {
    site_with(|_| {})
}

/// With something changed.
pub(crate) fn site_with(change: impl FnOnce(&mut Dashboard)) -> Site {
    let engine: Harness<Memory> = Harness::start();
    let keys = MemoryKeys::default();
    let mut app = Dashboard {
        bus: engine.bus.clone(),
        views: Arc::clone(&engine.views),
        desk: engine.desk().0,
        calendar: engine.clock.calendar(0),
        door: Doorkeeper::new(Arc::new(keys.clone()), Keyless::Open),
        sinks: Vec::new(),
        commits: engine.commits(),
        stopping: CancellationToken::new(),
        read_only: false,
    };
    change(&mut app);
    let site = landfall_dashboard::site(app);
    Site {
        engine,
        keys,
        router: site.pages,
        elsewhere: site.elsewhere,
    }
}

impl Site {
    async fn send(&self, request: Request<Body>) -> Answer {
        Self::answer(&self.router, request).await
    }

    /// GET of an address where nothing is.
    pub(crate) async fn get_elsewhere(&self, path: &str) -> Answer {
        let request = Request::get(path).body(Body::empty()).unwrap();
        Self::answer(&self.elsewhere, request).await
    }

    /// GET by a browser that says from where it was led here.
    pub(crate) async fn get_from(&self, site: &str, path: &str) -> Answer {
        let request = Request::get(path).header("sec-fetch-site", site);
        self.send(request.body(Body::empty()).unwrap()).await
    }

    async fn answer(router: &Router, request: Request<Body>) -> Answer {
        let response = router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    /// GET.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap())
            .await
    }

    /// GET, and it is there.
    #[track_caller]
    pub(crate) fn page(&self, path: &str) -> impl Future<Output = String> {
        let at = std::panic::Location::caller();
        async move {
            let answer = self.get(path).await;
            assert_eq!(
                answer.status,
                StatusCode::OK,
                "{at}: {path}: {}",
                answer.body
            );
            answer.body
        }
    }

    /// GET by somebody who is signed in with this session.
    pub(crate) async fn get_as(&self, session: &str, path: &str) -> Answer {
        self.send(signed_in(session, path)).await
    }

    /// The same of what has no end of its own: the answer is still to be read.
    pub(crate) async fn begin_as(&self, session: &str, path: &str) -> Response<Body> {
        let request = signed_in(session, path);
        self.router.clone().oneshot(request).await.unwrap()
    }

    /// POST of a form.
    pub(crate) async fn post(&self, path: &str, form: &str) -> Answer {
        let request =
            Request::post(path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(form.to_owned())).unwrap())
            .await
    }

    /// GET by the script of a page of ours, as a link in it is followed.
    pub(crate) async fn get_boosted(&self, path: &str) -> Answer {
        let request = Request::get(path).header("hx-request", "true");
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// Makes a key with this role and signs in with it: the session's cookie.
    pub(crate) async fn sign_in(&self, role: Role) -> String {
        let byte = u8::try_from(role.name().len()).unwrap();
        let issued = made_up(role.name(), role, byte);
        self.keys.create(&issued.key).await.unwrap();
        let key = utf8_percent_encode(issued.text(), NON_ALPHANUMERIC);
        let answer = self.post("/sign-in", &format!("key={key}&next=/")).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap();
        cookie.split(';').next().unwrap().to_owned()
    }
}

/// Where a form leads after it was carried out.
#[track_caller]
pub(crate) fn done(answer: &Answer) -> String {
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    answer.headers[header::LOCATION]
        .to_str()
        .unwrap()
        .to_owned()
}

/// A form as it is, sent to be looked at.
pub(crate) async fn looked(site: &Site, page: &str) -> String {
    let (path, form) = look(page);
    let answer = site.post(&path, &form).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    answer.body
}

fn signed_in(session: &str, path: &str) -> Request<Body> {
    let request = Request::get(path).header(header::COOKIE, session);
    request.body(Body::empty()).unwrap()
}

/// The form of a page that carries out what was looked at: where it is sent, and what it says.
#[track_caller]
pub(crate) fn apply(page: &str) -> (String, String) {
    sent(page, "name=\"step\" value=\"apply\"")
}

/// The form of a page in which a command is filled in, as it is: where it is sent, and what it says.
#[track_caller]
pub(crate) fn look(page: &str) -> (String, String) {
    sent(page, "class=\"panel form\"")
}

#[track_caller]
fn sent(page: &str, mark: &str) -> (String, String) {
    let forms = page.split("<form ").skip(1);
    let mut forms = forms.map(|form| form.split("</form>").next().unwrap());
    let Some(form) = forms.find(|form| form.contains(mark)) else {
        panic!("there is no such form: {}", words(page));
    };
    let value = |text: &str, name: &str| {
        let (_, after) = text.split_once(&format!(" {name}=\""))?;
        Some(plain(after.split_once('"').unwrap().0))
    };
    let inputs = form.split("<input").skip(1);
    let inputs = inputs.map(|input| input.split('>').next().unwrap());
    let inputs = inputs.filter(|input| !input.contains("checkbox") || input.contains(" checked"));
    let pairs = inputs.filter_map(|input| {
        let encode = |text: String| utf8_percent_encode(&text, NON_ALPHANUMERIC).to_string();
        let (name, value) = (value(input, "name")?, value(input, "value")?);
        Some(format!("{}={}", encode(name), encode(value)))
    });
    let pairs: Vec<_> = pairs.collect();
    (value(form, "action").unwrap(), pairs.join("&"))
}

/// Text as it was before it was put into a page.
fn plain(text: &str) -> String {
    text.replace("&#60;", "<")
        .replace("&#62;", ">")
        .replace("&#34;", "\"")
        .replace("&#39;", "'")
        .replace("&#38;", "&")
}

/// A name as one segment of a path.
pub(crate) fn segment(name: &str) -> String {
    utf8_percent_encode(name, NON_ALPHANUMERIC).to_string()
}

/// What stands in the cells of a page's table with this id, row by row, without marks.
pub(crate) fn cells(page: &str, table: &str) -> Vec<Vec<String>> {
    let Some((_, after)) = page.split_once(&format!("<section class=\"list\" id=\"{table}\""))
    else {
        panic!("there is no table {table}: {page}");
    };
    let (table, _) = after.split_once("</section>").unwrap();
    let Some((_, body)) = table.split_once("<tbody>") else {
        return Vec::new();
    };
    let rows = body.split("<tr>").skip(1);
    let rows = rows.map(|row| {
        let row = row.replace("</th>", "</td>");
        let cells = row.split("</td>").map(words);
        let mut cells: Vec<_> = cells.collect();
        cells.pop();
        cells
    });
    rows.collect()
}

/// Text without marks, as it stands in lines and cells.
pub(crate) fn words(html: &str) -> String {
    const WITHIN: [&str; 8] = ["a", "b", "code", "kbd", "small", "span", "sub", "time"];
    let mut pieces = html.split('<');
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (tag, after) = piece.split_once('>').unwrap_or((piece, ""));
        let name = tag.trim_start_matches('/');
        let name = name.split([' ', '\n']).next().unwrap_or_default();
        if !WITHIN.contains(&name) {
            text.push(' ');
        }
        text.push_str(after);
    }
    let text = plain(&text);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
