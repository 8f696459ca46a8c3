//! TLS, with certificates of our own.

use landfall_redis::{Config, StreamPublisher};
use landfall_service::relay::{Delivery, EventPublisher};
use landfall_testkit::run;
use landfall_testkit::servers::{RedisServer, free_port, needed};
use redis::{Value, cmd};

use crate::scene::{connect, records};

#[test]
fn a_server_is_spoken_to_by_tls_and_only_if_it_is_the_right_one() {
    let Some(server) = needed(RedisServer::start()) else {
        return;
    };
    run(async {
        let key = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let (cert, secret) = (
            server.directory().join("cert.pem"),
            server.directory().join("key.pem"),
        );
        std::fs::write(&cert, key.cert.pem()).unwrap();
        std::fs::write(&secret, key.signing_key.serialize_pem()).unwrap();
        let port = free_port();
        let mut set = cmd("CONFIG");
        set.arg("SET")
            .arg("tls-cert-file")
            .arg(cert.display().to_string());
        set.arg("tls-key-file").arg(secret.display().to_string());
        set.arg("tls-ca-cert-file").arg(cert.display().to_string());
        set.arg("tls-auth-clients")
            .arg("no")
            .arg("tls-port")
            .arg(port);
        if let Err(error) = set
            .query_async::<Value>(&mut connect(&server.url()).await)
            .await
        {
            // A Redis that was built without TLS does not know these settings.
            assert!(error.to_string().contains("tls"), "{error}");
            eprintln!("skipped: {error}");
            return;
        }
        let log = records(1..=1);
        let mut config = Config::new(format!("rediss://localhost:{port}").parse().unwrap());
        let stranger = StreamPublisher::new(&config, "/shop").unwrap();
        assert!(
            stranger.publish(4, &log).await.setback.is_some(),
            "nobody vouches for it"
        );
        config.ca_file = Some(cert);
        let publisher = StreamPublisher::new(&config, "/shop").unwrap();
        assert_eq!(publisher.publish(4, &log).await, Delivery::all(&log));
    });
}
