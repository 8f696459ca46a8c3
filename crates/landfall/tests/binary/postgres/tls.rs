//! Encryption on the way to PostgreSQL, with a server that insists on it.

use landfall_testkit::servers::postgres::{Options, rows};
use landfall_testkit::servers::{PostgresServer, needed};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

use super::Shop;

/// Who may come in, and how: `shop` by its password, `proven` by its certificate, both encrypted.
const DOORS: &str = "host all postgres 127.0.0.1/32 trust\n\
    hostssl all shop 127.0.0.1/32 scram-sha-256\n\
    hostssl all proven 127.0.0.1/32 cert\n";

/// Somebody who vouches for others.
fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
        .distinguished_name
        .push(DnType::CommonName, "made for a test");
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A certificate and its key, both in PEM, of a server (for this host) or of a person (of this name).
fn certified(
    by: &CertifiedIssuer<'static, KeyPair>,
    host: &[&str],
    name: &str,
) -> (String, String) {
    let hosts: Vec<String> = host.iter().map(ToString::to_string).collect();
    let mut params = CertificateParams::new(hosts).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    let key = KeyPair::generate().unwrap();
    let made = params.signed_by(&key, by).unwrap();
    (made.pem(), key.serialize_pem())
}

#[test]
fn the_database_is_asked_who_it_is_and_told_who_we_are() {
    let authority = authority();
    let (certificate, key) = certified(&authority, &["127.0.0.1"], "postgres");
    let files = [
        ("server.pem", certificate),
        ("server.key", key),
        ("ca.pem", authority.pem()),
        ("hba.conf", DOORS.to_owned()),
    ];
    let settings = [
        "ssl=on",
        "ssl_cert_file=../server.pem",
        "ssl_key_file=../server.key",
        "ssl_ca_file=../ca.pem",
        "hba_file=hba.conf",
    ];
    let options = Options {
        settings: settings.map(str::to_owned).to_vec(),
        files: files
            .map(|(name, content)| (name.to_owned(), content))
            .to_vec(),
        ..Options::default()
    };
    let Some(server) = needed(PostgresServer::start_with(&options)) else {
        return;
    };
    for sql in [
        "CREATE ROLE shop LOGIN PASSWORD 'hush'",
        "CREATE ROLE proven LOGIN IN ROLE shop",
        "CREATE DATABASE stock OWNER shop",
    ] {
        rows(&server.url(), sql);
    }
    let url = |who: &str, host: &str, settings: &str| {
        format!("postgres://{who}@{host}:{}/stock?{settings}", server.port())
    };
    let shop = Shop::on(server.url(), "");
    let ca = shop.place.write("ca.pem", authority.pem());
    let ca = ca.display();
    let full = format!("sslmode=verify-full&sslrootcert={ca}");
    let audit = |url: &str, more: &[(&str, &str)]| {
        let mut command = shop.place.command(["audit", "--database", url]);
        command.envs(more.iter().copied());
        crate::support::Ran::of(&mut command)
    };
    let refused = |url: &str, why: &str| {
        let ran = audit(url, &[]).ended(1);
        assert!(ran.stderr.contains(why), "{why}: {ran:?}");
        assert!(!ran.stderr.contains("hush"), "{ran:?}");
    };

    let service = Shop::on(url("shop:hush", "127.0.0.1", &full), "").serve("one");
    assert_eq!(service.get("/readyz").status, 200);
    let sessions = rows(
        &server.url(),
        "SELECT count(*) > 0, bool_and(s.ssl) FROM pg_stat_activity a JOIN pg_stat_ssl s USING (pid) \
          WHERE a.datname = 'stock'",
    );
    assert_eq!(sessions, [["t", "t"]]);
    assert!(service.stop().success());

    refused(&url("shop:hush", "127.0.0.1", ""), "no encryption");
    refused(
        &url("shop:hush", "127.0.0.1", "sslmode=verify-full"),
        "certificate",
    );
    refused(&url("shop:hush", "localhost", &full), "certificate");
    let stranger = shop.place.write("stranger.pem", self::authority().pem());
    let strange = format!("sslmode=require&sslrootcert={}", stranger.display());
    refused(&url("shop:hush", "127.0.0.1", &strange), "certificate");
    refused(&url("shop:wrong", "127.0.0.1", &full), "password");
    let required = url("shop:hush", "127.0.0.1", "sslmode=require");
    audit(&required, &[("LANDFALL_POSTGRES_CA_FILE", &ca.to_string())]).ended(0);

    let (certificate, key) = certified(&authority, &[], "proven");
    let certificate = shop.place.write("own.pem", certificate);
    let key = shop.place.write("own.key", key);
    let proof = format!(
        "{full}&sslcert={}&sslkey={}",
        certificate.display(),
        key.display()
    );
    audit(&url("proven", "127.0.0.1", &proof), &[]).ended(0);
    refused(&url("proven", "127.0.0.1", &full), "certificate");
}
