//! What is outside: the sinks that events go to, and the streams that commands come from, as the configuration
//! names them.

use std::sync::Arc;
use std::time::Duration;

use landfall_mail::SmtpMailer;
use landfall_nats::JetStreamPublisher;
use landfall_redis::{CommandReader, Ear, PubSubPublisher, QuantityListener, StreamPublisher};
use landfall_service::access::AccessKey;
use landfall_service::clock::Clock;
use landfall_service::intake::IntakeStats;
use landfall_service::notices::{self, MailPublisher};
use landfall_service::relay::{self, Begin, EventPublisher, Options, Relaying, Sink, SinkStats};
use landfall_webhooks::{Endpoint, WebhookPublisher};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{Engine, jitter, random, small_runtime};
use crate::clock;
use crate::config::Settings;
use crate::outcome::CliError;

/// The sink of the book's channel.
const CHANNEL: &str = "redis-channel";
/// The sink of the stream of events.
const STREAM: &str = "redis-stream";
/// The sink of NATS JetStream.
const NATS: &str = "nats";
/// The sink of people.
const MAIL: &str = "mail";

/// For how long a replay gathers what follows a mail of the same kind.
const REPLAY_WINDOW: Duration = Duration::from_secs(1);

/// How long a start waits until somebody hears what is told on the book's channel.
const HEARING: Duration = Duration::from_secs(3);

/// Flags that name what is outside.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct OutsideArgs {
    #[arg(
        long,
        value_name = "URL",
        help = "Tell events to this Redis and take commands from it: redis://[USER:PASSWORD@]HOST:PORT \
                [env: LANDFALL_REDIS_URL]"
    )]
    redis: Option<String>,
    #[arg(
        long,
        value_name = "URL",
        help = "Publish events to this NATS JetStream: nats://[USER:PASSWORD@]HOST:PORT [env: LANDFALL_NATS_URL]"
    )]
    nats: Option<String>,
    #[arg(
        long,
        value_name = "URL",
        help = "Send mail through this server: smtp://HOST:PORT or smtps://USER:PASSWORD@HOST \
                [env: LANDFALL_MAIL_URL]"
    )]
    smtp: Option<String>,
}

/// How a replica relays, as far as it is configured.
#[derive(Debug, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Relay {
    begin: BeginAt,
    poll_millis: u64,
    lease_seconds: u64,
}

#[derive(Debug, Clone, Copy, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum BeginAt {
    Now,
    Beginning,
}

impl Default for Relay {
    fn default() -> Self {
        Self {
            begin: BeginAt::Now,
            poll_millis: 250,
            lease_seconds: 10,
        }
    }
}

/// What the configuration names, checked, and nothing of it connected yet.
#[derive(Debug)]
pub(crate) struct Outside {
    source: String,
    replica: Option<String>,
    relay: Relay,
    redis: Option<landfall_redis::Config>,
    nats: Option<landfall_nats::Config>,
    mail: Option<landfall_mail::Config>,
    notices: notices::Config,
    webhooks: Vec<Endpoint>,
}

impl Outside {
    /// Reads and checks the configuration.
    pub(crate) fn read(settings: &Settings, args: &OutsideArgs) -> Result<Self, CliError> {
        let outside = Self {
            source: settings.event_source(),
            replica: settings.replica(),
            relay: settings.section("relay", &[])?.unwrap_or_default(),
            redis: settings.section_with_url("redis", args.redis.as_deref())?,
            nats: settings.section_with_url("nats", args.nats.as_deref())?,
            mail: settings.section_with_url("mail", args.smtp.as_deref())?,
            notices: settings.section("notices", &[])?.unwrap_or_default(),
            webhooks: settings.tables("webhooks")?,
        };
        if let Some(redis) = &outside.redis {
            redis.check().map_err(|error| wrong("redis", &error))?;
        }
        if let Some(nats) = &outside.nats {
            nats.check().map_err(|error| wrong("nats", &error))?;
        }
        let mut names: Vec<_> = outside.webhooks.iter().map(Endpoint::sink).collect();
        names.sort_unstable();
        if let Some(twice) = names.windows(2).find(|two| two[0] == two[1]) {
            return Err(CliError::usage(format!(
                "configuration of webhooks: two have the name {}",
                twice[0].trim_start_matches("webhook:")
            )));
        }
        Ok(outside)
    }

    /// Refuses what starting it would refuse before it connects.
    pub(crate) fn check(&self) -> Result<(), CliError> {
        let clock = clock::system();
        // Publishers are made on a runtime.
        small_runtime()?.block_on(async {
            let mut names = self.names().into_iter();
            names.try_for_each(|name| self.publisher(&name, &clock).map(drop))
        })
    }

    /// The names of all sinks.
    fn names(&self) -> Vec<String> {
        let redis = self.redis.as_ref();
        let channel = redis.filter(|redis| redis.notices.enabled).map(|_| CHANNEL);
        let stream = redis.filter(|redis| redis.events.enabled).map(|_| STREAM);
        let nats = self.nats.as_ref().map(|_| NATS);
        let mail = self.mail.as_ref().filter(|mail| mail.url.is_some());
        let single = [channel, stream, nats, mail.map(|_| MAIL)];
        let single = single.into_iter().flatten().map(str::to_owned);
        single
            .chain(self.webhooks.iter().map(Endpoint::sink))
            .collect()
    }

    /// The publisher of a sink. It is called on a runtime.
    pub(crate) fn publisher(
        &self,
        sink: &str,
        clock: &Arc<dyn Clock>,
    ) -> Result<Arc<dyn EventPublisher>, CliError> {
        let unknown = || {
            let names = self.names();
            CliError::usage(match names.as_slice() {
                [] => format!("there is no sink {sink}: the configuration names none"),
                names => format!("there is no sink {sink}; there are {}", names.join(", ")),
            })
        };
        if !self.names().iter().any(|name| name == sink) {
            return Err(unknown());
        }
        let (redis, nats, mail) = (&self.redis, &self.nats, &self.mail);
        Ok(match (sink, redis, nats, mail) {
            (CHANNEL, Some(redis), _, _) => {
                Arc::new(PubSubPublisher::new(redis).map_err(|error| wrong("redis", &error))?)
            }
            (STREAM, Some(redis), _, _) => Arc::new(
                StreamPublisher::new(redis, self.source.as_str())
                    .map_err(|error| wrong("redis", &error))?,
            ),
            (NATS, _, Some(nats), _) => Arc::new(
                JetStreamPublisher::new(nats.clone(), self.source.as_str())
                    .map_err(|error| wrong("nats", &error))?,
            ),
            (MAIL, _, _, Some(mail)) => {
                let mailer = SmtpMailer::new(mail, Arc::clone(clock));
                let mailer = mailer.map_err(|error| wrong("mail", &error))?;
                let mailer = Arc::new(mailer.ok_or_else(unknown)?);
                let notices = self.notices.clone();
                Arc::new(MailPublisher::new(mailer, notices, Arc::clone(clock)))
            }
            _ => {
                let mut webhooks = self.webhooks.iter();
                let endpoint = webhooks.find(|endpoint| endpoint.sink() == sink);
                let endpoint = endpoint.ok_or_else(unknown)?.clone();
                Arc::new(
                    WebhookPublisher::new(endpoint, self.source.as_str(), Arc::clone(clock))
                        .map_err(|error| wrong("webhooks", &error))?,
                )
            }
        })
    }

    /// A stream of its own on this Redis, for measurements: not many entries of it are kept.
    pub(crate) fn stream_for_bench(url: &str) -> Result<Arc<dyn EventPublisher>, CliError> {
        let url = url.parse().map_err(|error| wrong("redis", &error))?;
        let mut config = landfall_redis::Config::new(url);
        config.events.stream = "landfall:bench:events".into();
        config.events.max_len = 100_000;
        let publisher = StreamPublisher::new(&config, "/bench");
        Ok(Arc::new(publisher.map_err(|error| wrong("redis", &error))?))
    }

    /// The same for a replay, whose digests wait no longer than a moment: somebody waits for it.
    pub(crate) fn for_replay(mut self) -> Self {
        self.notices.window = self.notices.window.min(REPLAY_WINDOW);
        self
    }

    /// Events could not tell who of the two it was, and each would be answered with the other's idempotency keys.
    async fn refuse_two_actors_of_one_name(&self, engine: &Engine) -> Result<(), CliError> {
        let Some(redis) = &self.redis else {
            return Ok(());
        };
        let kept = engine.keys.keys().await;
        let kept = kept.map_err(|error| CliError::failed(error.to_string()))?;
        let named = |key: &AccessKey| key.name.as_str() == redis.actor;
        if !kept.keys.iter().any(named) {
            return Ok(());
        }
        Err(CliError::usage(format!(
            "redis.actor is {}, and so is the name of an API key: give what comes from Redis another name",
            redis.actor
        )))
    }

    /// Starts to relay events and to take commands, on the runtime that it is called on, until the token is
    /// cancelled. `address` tells this replica from others on the same machine. Call it before the first command
    /// is taken: a new sink misses nothing from here on.
    pub(crate) async fn start(
        &self,
        engine: &Engine,
        address: &str,
        stopping: &CancellationToken,
    ) -> Result<Running, CliError> {
        self.refuse_two_actors_of_one_name(engine).await?;
        let clock = &engine.calendar.clock;
        let mut sinks = Vec::new();
        for name in self.names() {
            sinks.push(Sink {
                publisher: self.publisher(&name, clock)?,
                begin: match self.relay.begin {
                    BeginAt::Now => Begin::Now,
                    BeginAt::Beginning => Begin::Beginning,
                },
                name,
            });
        }
        let enrolled = relay::enroll(&*engine.relays, &sinks).await;
        enrolled.map_err(|error| CliError::failed(format!("cannot begin to relay: {error}")))?;
        let replica = replica_name(self.replica.as_deref(), address);
        let options = Options {
            poll: Duration::from_millis(self.relay.poll_millis),
            lease: Duration::from_secs(self.relay.lease_seconds),
            ..Options::new(format!("{replica}/{:016x}", random()?))
        };
        let relaying = relay::start(
            &engine.relays,
            sinks,
            engine.commits(),
            clock,
            &jitter(),
            options,
            stopping,
        );
        let mut running = Running {
            relaying,
            readers: JoinSet::new(),
            intakes: Vec::new(),
            ear: None,
        };
        if let Some(redis) = &self.redis {
            if redis.commands.enabled {
                let reader = CommandReader::new(redis, &replica, &engine.bus);
                let reader = reader.map_err(|error| wrong("redis", &error))?;
                running.intakes.push(reader.stats());
                running.readers.spawn(reader.run(stopping.clone()));
            }
            if redis.notices.enabled {
                let replica = (!engine.alone).then_some(replica.as_str());
                let listener = QuantityListener::new(redis, replica, &engine.bus);
                let listener = listener.map_err(|error| wrong("redis", &error))?;
                running.intakes.push(listener.stats());
                running.ear = Some(listener.ear());
                running.readers.spawn(listener.run(stopping.clone()));
            }
        }
        Ok(running)
    }
}

/// What has been started.
pub(crate) struct Running {
    relaying: Relaying,
    readers: JoinSet<()>,
    intakes: Vec<Arc<IntakeStats>>,
    /// Whether the book's channel is heard; `None`: it is not used.
    ear: Option<watch::Receiver<Ear>>,
}

impl Running {
    /// How far each sink is.
    pub(crate) fn sinks(&self) -> Vec<Arc<SinkStats>> {
        self.relaying.stats.clone()
    }

    /// What has come in beside the API.
    pub(crate) fn intakes(&self) -> Vec<Arc<IntakeStats>> {
        self.intakes.clone()
    }

    /// Waits until this replica or another hears what is told on the book's channel: a channel keeps nothing for
    /// those who come later. Without Redis the service starts all the same, and says what that means.
    pub(crate) async fn until_heard(&mut self, stopping: &CancellationToken) {
        let Some(ear) = &mut self.ear else {
            return;
        };
        let known = async {
            ear.wait_for(|ear| *ear != Ear::Trying)
                .await
                .map(|ear| *ear)
        };
        let known = tokio::time::timeout(HEARING, known);
        match stopping.run_until_cancelled(known).await {
            None | Some(Ok(Ok(Ear::Here | Ear::Elsewhere))) => {}
            Some(_) => tracing::warn!(
                "the service starts although it does not hear yet what is told on Redis: quantities that are \
                 published before it does are lost"
            ),
        }
    }

    /// Waits until what was taken is answered and every lease is handed over: call it when the token is cancelled.
    pub(crate) async fn join(mut self) {
        while self.readers.join_next().await.is_some() {}
        self.relaying.join().await;
    }
}

/// What a replica is called: as the configuration says, or by its machine and the address that it listens on.
pub(crate) fn replica_name(configured: Option<&str>, address: &str) -> String {
    configured.map_or_else(|| format!("{}/{address}", machine()), str::to_owned)
}

/// What this machine is called, as far as it says.
fn machine() -> String {
    let name = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
    match name.trim() {
        "" => "landfall".to_owned(),
        name => name.to_owned(),
    }
}

fn wrong(section: &str, error: &dyn std::fmt::Display) -> CliError {
    CliError::usage(format!("configuration of {section}: {error}"))
}
