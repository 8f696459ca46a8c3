//! Signatures that let a receiver know who sent a message, and when.
//!
//! Source: the Standard Webhooks specification 1.0 (symmetric signatures): HMAC-SHA256 over
//! `id.timestamp.body`, one `v1,BASE64` for each secret.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// What a secret's text begins with.
const PREFIX: &str = "whsec_";

/// What both sides know: 24 to 64 random bytes, as text `whsec_` and their Base64. It is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl FromStr for Secret {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "a secret is whsec_ and the Base64 of 24 to 64 random bytes";
        let bytes = text.strip_prefix(PREFIX).map(|text| STANDARD.decode(text));
        match bytes {
            Some(Ok(bytes)) if (24..=64).contains(&bytes.len()) => Ok(Self(bytes)),
            _ => Err(WRONG),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("whsec_***")
    }
}

/// The value of the header `webhook-signature`: a signature with each secret, so that a receiver can change
/// from one to the next. `timestamp` is in seconds since 1970.
pub(crate) fn sign(secrets: &[Secret], id: &str, timestamp: i64, body: &str) -> String {
    let signatures = secrets.iter().filter_map(|secret| {
        // HMAC takes keys of any length: there is no secret that it refuses.
        let mut mac = Hmac::<Sha256>::new_from_slice(&secret.0).ok()?;
        for part in [id, ".", &timestamp.to_string(), ".", body] {
            mac.update(part.as_bytes());
        }
        Some(format!(
            "v1,{}",
            STANDARD.encode(mac.finalize().into_bytes())
        ))
    });
    signatures.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example that the specification's own libraries test themselves by.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    fn signed(secrets: &[&str]) -> String {
        let secrets: Vec<Secret> = secrets.iter().map(|s| s.parse().unwrap()).collect();
        let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
        sign(&secrets, id, 1_614_265_330, r#"{"test": 2432232314}"#)
    }

    #[test]
    fn the_known_message_has_the_known_signature() {
        assert_eq!(signed(&[SECRET]), SIGNATURE);
    }

    #[test]
    fn each_secret_signs() {
        let other = format!("whsec_{}", STANDARD.encode([7; 32]));
        let both = signed(&[&other, SECRET]);
        let (first, second) = both.split_once(' ').unwrap();
        assert_eq!(second, SIGNATURE);
        assert_eq!(first, signed(&[&other]));
        assert_ne!(first, second);
    }

    #[test]
    fn a_secret_is_24_to_64_bytes_and_is_not_printed() {
        let text = |length: usize| format!("whsec_{}", STANDARD.encode(vec![1; length]));
        for length in [24, 32, 64] {
            let secret: Secret = text(length).parse().unwrap();
            assert_eq!(format!("{secret:?}"), "whsec_***");
        }
        for wrong in [
            text(23),
            text(65),
            STANDARD.encode([1; 32]),
            "whsec_no base64!".into(),
        ] {
            let error = wrong.parse::<Secret>().unwrap_err();
            assert!(!error.contains(&wrong));
        }
    }
}
