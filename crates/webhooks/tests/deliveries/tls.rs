//! Receivers with TLS: whom they have to be known to.

use landfall_service::relay::EventPublisher;
use landfall_testkit::clock::FixedClock;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivateKeyDer;

use super::receiver::Receiver;
use super::*;

/// An authority's certificate in PEM, and a receiver that has one of it for this name.
async fn receiver(name: &str) -> (String, Receiver) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = params.self_signed(&key).unwrap().pem();
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new([name.to_owned()]).unwrap();
    let certificate = certificate.signed_by(&key, &issuer).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    (authority, Receiver::with_tls(Arc::new(config)).await)
}

#[tokio::test]
async fn a_receiver_is_known_by_the_authority_in_the_file() {
    let clock = FixedClock::new();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    let (authority, receiver) = receiver("localhost").await;
    std::fs::write(&file, authority).unwrap();
    let more = format!("ca_file = {file:?}");
    let sink = publisher(endpoint(&receiver.url_at("localhost"), &more), &clock);
    let records = [record(1), record(2)];
    assert_eq!(sink.publish(0, &records).await, Delivery::all(&records));
    assert!(receiver.messages()[0].is_signed_with(SECRET));
    // By another name it is somebody else.
    let sink = publisher(endpoint(&receiver.url(), &more), &clock);
    let delivery = sink.publish(0, &[record(3)]).await;
    assert!(reason(&delivery).contains("certificate"), "{delivery:?}");
    assert_eq!(receiver.ids(), ["0-1", "0-2"]);
}

#[tokio::test]
async fn a_receiver_of_an_unknown_authority_is_sent_nothing() {
    let clock = FixedClock::new();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    let (another, _) = receiver("localhost").await;
    std::fs::write(&file, another).unwrap();
    let (_, receiver) = receiver("localhost").await;
    let more = format!("ca_file = {file:?}\nallow_http = true");
    let sink = publisher(endpoint(&receiver.url_at("localhost"), &more), &clock);
    let delivery = sink.publish(0, &[record(1)]).await;
    assert!(reason(&delivery).contains("certificate"), "{delivery:?}");
    assert!(receiver.messages().is_empty());
}

#[test]
fn a_file_without_certificates_is_told_at_the_start() {
    let clock = FixedClock::new();
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "").unwrap();
    for file in [empty, folder.path().join("none.pem")] {
        let endpoint = endpoint("https://localhost/", &format!("ca_file = {file:?}"));
        let error = WebhookPublisher::new(endpoint, "/shop", clock.clone())
            .err()
            .unwrap();
        assert!(error.to_string().starts_with("webhook erp: "), "{error}");
        assert!(error.to_string().contains(".pem"), "{error}");
    }
}
