//! Style, script and picture of the pages, as they are in the binary. Their addresses carry a hash of what is in
//! them, so a browser keeps each for good and never has an old one.

use std::io::Write as _;
use std::sync::LazyLock;

use axum::body::Body;

use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, HeaderValue, VARY,
};
use axum::http::{HeaderMap, Response, StatusCode};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};

use crate::paths::Name;

struct Asset {
    name: &'static str,
    kind: &'static str,
    /// With the hash, as it is asked for.
    file: String,
    plain: Bytes,
    packed: Bytes,
}

static ASSETS: LazyLock<[Asset; 4]> = LazyLock::new(|| {
    [
        asset(
            "style.css",
            "text/css; charset=utf-8",
            include_bytes!("../assets/style.css"),
        ),
        asset(
            "htmx.js",
            "text/javascript; charset=utf-8",
            include_bytes!("../assets/htmx.min.js"),
        ),
        asset(
            "landfall.js",
            "text/javascript; charset=utf-8",
            include_bytes!("../assets/landfall.js"),
        ),
        asset(
            "icon.svg",
            "image/svg+xml",
            include_bytes!("../assets/icon.svg"),
        ),
    ]
});

fn asset(name: &'static str, kind: &'static str, plain: &'static [u8]) -> Asset {
    let hash = Sha256::digest(plain);
    let hash = hash
        .iter()
        .take(6)
        .fold(String::new(), |hash, byte| format!("{hash}{byte:02x}"));
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    // Into memory: it cannot fail, and if it did, the plain one would do.
    let packed = packer.write_all(plain).and_then(|()| packer.finish());
    Asset {
        name,
        kind,
        file: format!("{stem}-{hash}.{ending}"),
        plain: Bytes::from_static(plain),
        packed: packed.map(Bytes::from).unwrap_or_default(),
    }
}

/// The address of an asset by its name.
pub(crate) fn url(name: &str) -> String {
    let found = ASSETS.iter().find(|asset| asset.name == name);
    let file = found.map_or(name, |asset| &asset.file);
    format!("/assets/{file}")
}

/// Gives an asset.
pub(crate) async fn asset_file(Name(file): Name, headers: HeaderMap) -> Response<Body> {
    let Some(asset) = ASSETS.iter().find(|asset| asset.file == file) else {
        let mut response = Response::new(Body::from("not found"));
        *response.status_mut() = StatusCode::NOT_FOUND;
        let text = HeaderValue::from_static("text/plain; charset=utf-8");
        response.headers_mut().insert(CONTENT_TYPE, text);
        return response;
    };
    let packed = headers
        .get(ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.contains("gzip"))
        && !asset.packed.is_empty();
    let body = if packed { &asset.packed } else { &asset.plain };
    let mut response = Response::new(Body::from(body.clone()));
    let answer = response.headers_mut();
    answer.insert(CONTENT_TYPE, HeaderValue::from_static(asset.kind));
    answer.insert(VARY, HeaderValue::from_static("accept-encoding"));
    answer.insert(
        CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=31536000, immutable"),
    );
    if packed {
        answer.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    /// htmx 2.0.11, as its authors publish it.
    const HTMX: &str = "d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717";

    #[test]
    fn htmx_is_as_it_was_published() {
        let hash = Sha256::digest(include_bytes!("../assets/htmx.min.js"));
        let hash: Vec<_> = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hash.concat(), HTMX);
    }

    #[test]
    fn what_the_first_page_fetches_is_small() {
        let packed: usize = ASSETS.iter().map(|asset| asset.packed.len()).sum();
        assert!(packed < 40 << 10, "{packed} bytes");
    }
}
