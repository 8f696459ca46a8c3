//! Hands a message over to the mail server, and says what that made of it.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use landfall_service::Clock;
use landfall_service::notices::{Address, Message, NotSent, Notifications};
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MessageBuilder};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::{self, AsyncSmtpTransportBuilder};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use crate::SetupError;
use crate::config::Config;
use crate::server::{Safety, Server};

/// Well within the patience that a relay has with a sink.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(20);

/// Of so many messages it is remembered who has them already, while others of their readers do not.
const PARTLY_SENT: usize = 100;

/// What begins an encoded word (RFC 2047).
const ENCODED: &str = "=?";

type Transport = AsyncSmtpTransport<Tokio1Executor>;

/// Sends mail through one server, each message over a connection of its own.
pub struct SmtpMailer {
    transport: Transport,
    from: Mailbox,
    /// Where the ids of messages are from.
    domain: String,
    timeout: Duration,
    clock: Arc<dyn Clock>,
    /// By the message's id, who has it: such a message is sent again until everybody has, and to nobody twice. It
    /// is only in memory: after a restart they get it again.
    partly_sent: Mutex<HashMap<String, BTreeSet<Address>>>,
}

impl SmtpMailer {
    /// A mailer for the server that the configuration names; `None`: it names none.
    pub fn new(config: &Config, clock: Arc<dyn Clock>) -> Result<Option<Self>, SetupError> {
        let Some(server) = &config.url else {
            return Ok(None);
        };
        let from = config.from.as_ref();
        let from =
            from.ok_or_else(|| SetupError::Mail("it needs an address that it is from".into()))?;
        if config.timeout.is_zero() || config.timeout > LONGEST_TIMEOUT {
            return Err(SetupError::Mail(
                "timeout must be more than nothing and at most 20 s".into(),
            ));
        }
        let mut builder = transport(server, config.ca_file.as_deref())?;
        if let Some(hello) = &config.hello {
            let fine = |c: char| c.is_ascii_graphic();
            if hello.is_empty() || !hello.chars().all(fine) {
                return Err(SetupError::Mail(
                    "hello must be a name such as landfall.made.com".into(),
                ));
            }
            builder = builder.hello_name(ClientId::Domain(hello.clone()));
        }
        Ok(Some(Self {
            transport: builder.timeout(Some(config.timeout)).build(),
            from: mailbox(from).map_err(SetupError::Mail)?,
            domain: from.domain().to_owned(),
            timeout: config.timeout,
            clock,
            partly_sent: Mutex::default(),
        }))
    }

    /// The message as it goes over the wire.
    fn letter(&self, message: &Message, to: &[Address]) -> Result<lettre::Message, String> {
        let mut builder = MessageBuilder::new()
            .from(self.from.clone())
            .date(SystemTime::from(self.clock.now()))
            .message_id(Some(format!("<{}@{}>", message.id, self.domain)))
            .subject(as_text(&message.subject))
            .header(ContentType::TEXT_PLAIN)
            // Nobody's holiday has to answer (RFC 3834).
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".into(),
            ));
        for address in to {
            builder = builder.to(mailbox(address)?);
        }
        builder
            .body(message.body.clone())
            .map_err(|error| error.to_string())
    }

    /// Sends a message to these of its readers.
    async fn send_to(&self, message: &Message, to: &[Address]) -> Result<(), Failed> {
        let letter = self.letter(message, to);
        let letter = letter.map_err(|why| Failed::of_these(NotSent::Refused(why)))?;
        let conversation = async {
            let Err(error) = self.transport.send(letter).await else {
                return Ok(());
            };
            Err(if self.is_about_the_message(&error).await {
                Failed::of_these(NotSent::Refused(plain(&error)))
            } else if is_put_off(&error) {
                Failed::of_these(NotSent::Unavailable(plain(&error)))
            } else {
                Failed::of_all(NotSent::Unavailable(plain(&error)))
            })
        };
        let late = || {
            let reason = format!("no answer within {:?}", self.timeout);
            Err(Failed::of_all(NotSent::Unavailable(reason)))
        };
        tokio::time::timeout(self.timeout, conversation)
            .await
            .unwrap_or_else(|_| late())
    }

    fn partly_sent(&self) -> MutexGuard<'_, HashMap<String, BTreeSet<Address>>> {
        // Each change is whole.
        let kept = self.partly_sent.lock();
        kept.unwrap_or_else(PoisonError::into_inner)
    }

    /// Who has this message already.
    fn who_has(&self, message: &Message) -> BTreeSet<Address> {
        let partly_sent = self.partly_sent();
        partly_sent.get(&message.id).cloned().unwrap_or_default()
    }

    fn remember(&self, message: &Message, reader: &Address) {
        let mut partly_sent = self.partly_sent();
        // Of messages that nobody asks for any more, another replica has taken over: they are few.
        if partly_sent.len() >= PARTLY_SENT && !partly_sent.contains_key(&message.id) {
            partly_sent.clear();
        }
        let readers = partly_sent.entry(message.id.clone()).or_default();
        readers.insert(reader.clone());
    }

    /// Does this error mean that the server will never take the message? It does not where the server would
    /// not talk to us at all, say because of the password: that is mended without the message, which waits.
    async fn is_about_the_message(&self, error: &smtp::Error) -> bool {
        // 530: it wants a password, which it says only when it is given a message.
        let wants_login = error.status().is_some_and(|code| u16::from(code) == 530);
        error.is_permanent()
            && !wants_login
            && matches!(self.transport.test_connection().await, Ok(true))
    }
}

/// Why a message was not sent to some readers.
struct Failed {
    why: NotSent,
    /// The server has looked at it, and would perhaps take it for others.
    of_these: bool,
}

impl Failed {
    fn of_these(why: NotSent) -> Self {
        let of_these = true;
        Self { why, of_these }
    }

    fn of_all(why: NotSent) -> Self {
        let of_these = false;
        Self { why, of_these }
    }
}

/// Does the server put this message off, and goes on talking? (421: it does not.)
fn is_put_off(error: &smtp::Error) -> bool {
    let closes = error.status().is_some_and(|code| u16::from(code) == 421);
    error.is_transient() && !closes
}

/// A name that looks like an encoded word stays a name: readers would decode it, and show what it does not say.
fn as_text(subject: &str) -> String {
    subject.replace(ENCODED, "=\u{fffd}?")
}

#[async_trait]
impl Notifications for SmtpMailer {
    async fn send(&self, message: &Message) -> Result<(), NotSent> {
        let have_it = self.who_has(message);
        let mut refused = None;
        if have_it.is_empty() {
            match self.send_to(message, &message.to).await {
                Err(failed) if failed.of_these && message.to.len() > 1 => {
                    if let NotSent::Refused(reason) = failed.why {
                        refused = Some(reason);
                    }
                }
                done => return done.map_err(|failed| failed.why),
            }
        }
        // One address that is gone, or full, should not keep the message from the others.
        let mut put_off = None;
        let without = message.to.iter().filter(|reader| !have_it.contains(reader));
        for address in without {
            match self.send_to(message, std::slice::from_ref(address)).await {
                Ok(()) => self.remember(message, address),
                Err(failed) => match failed.why {
                    NotSent::Refused(reason) => {
                        tracing::warn!(%address, message.id, reason, "mail was refused");
                    }
                    why @ NotSent::Unavailable(_) if failed.of_these => put_off = Some(why),
                    why @ NotSent::Unavailable(_) => return Err(why),
                },
            }
        }
        if let Some(why) = put_off {
            return Err(why);
        }
        let sent = self.partly_sent().remove(&message.id).is_some();
        match refused {
            Some(reason) if !sent => Err(NotSent::Refused(reason)),
            _ => Ok(()),
        }
    }
}

fn transport(
    server: &Server,
    ca_file: Option<&Path>,
) -> Result<AsyncSmtpTransportBuilder, SetupError> {
    let tls = match server.safety {
        Safety::Clear => Tls::None,
        Safety::Opportunistic => Tls::Opportunistic(tls(server, ca_file)?),
        Safety::StartTls => Tls::Required(tls(server, ca_file)?),
        Safety::Tls => Tls::Wrapper(tls(server, ca_file)?),
    };
    let builder = Transport::builder_dangerous(&server.host)
        .port(server.port)
        .tls(tls);
    Ok(match &server.login {
        None => builder,
        Some((user, password)) => {
            builder.credentials(Credentials::new(user.clone(), password.clone()))
        }
    })
}

/// Whose certificates are trusted: the system's authorities, and those of the file.
fn tls(server: &Server, ca_file: Option<&Path>) -> Result<TlsParameters, SetupError> {
    let mut builder = TlsParameters::builder(server.host.clone());
    if let Some(file) = ca_file {
        let wrong = |message: String| SetupError::Certificates {
            file: file.display().to_string(),
            message,
        };
        let pem = std::fs::read(file).map_err(|error| wrong(error.to_string()))?;
        if !String::from_utf8_lossy(&pem).contains("BEGIN CERTIFICATE") {
            return Err(wrong("there is no certificate in it".into()));
        }
        let certificate = Certificate::from_pem(&pem).map_err(|error| wrong(plain(&error)))?;
        builder = builder.add_root_certificate(certificate);
    }
    builder
        .build()
        .map_err(|error| SetupError::Mail(plain(&error)))
}

fn mailbox(address: &Address) -> Result<Mailbox, String> {
    let parsed = address.as_str().parse();
    let parsed = parsed.map_err(|error| format!("{address}: {error}"))?;
    Ok(Mailbox::new(None, parsed))
}

/// On one line, for people: the server's words may be anything.
fn plain(error: &smtp::Error) -> String {
    let text = error.to_string();
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().take(300).map(plain).collect()
}
