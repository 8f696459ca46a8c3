//! The replica whose turn it is to write, its token, and the port to where that is kept.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;

use crate::access::{Entropy, NoEntropy};

/// Random bytes of a token.
const TOKEN_BYTES: usize = 32;

/// What another replica must show to be let in: 256 random bits, made anew for each turn. It is never shown in a log.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// One that nobody knows.
    pub fn make(entropy: &dyn Entropy) -> Result<Self, NoEntropy> {
        let mut bytes = [0; TOKEN_BYTES];
        entropy.fill(&mut bytes)?;
        Ok(Self(URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// Its text.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// Whether this is what was shown. It takes as long wherever the two differ.
    pub fn is(&self, shown: &[u8]) -> bool {
        self.0.as_bytes().ct_eq(shown).into()
    }
}

impl From<String> for Token {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// The replica whose turn it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WritingReplica {
    /// The name of this start of it.
    pub holder: String,
    /// Where the others reach it.
    pub url: String,
    /// What they have to show.
    pub token: Token,
}

/// Why it is not known whose turn it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("whose turn it is to write is not known: {0}")]
pub struct TurnError(pub String);

/// Where it is kept whose turn it is.
#[async_trait]
pub trait Turns: Send + Sync + 'static {
    /// Takes the turn where nobody has it, or prolongs it where it is this holder's already: for so long from now on, by
    /// the database's clock. Tells whose it is then. `None`: somebody else was just about to take it.
    async fn turn(
        &self,
        replica: &WritingReplica,
        lease: Duration,
    ) -> Result<Option<WritingReplica>, TurnError>;

    /// Gives it up, where this holder has it.
    async fn leave(&self, holder: &str) -> Result<(), TurnError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Sevens;

    impl Entropy for Sevens {
        fn fill(&self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
            bytes.fill(7);
            Ok(())
        }
    }

    #[test]
    fn a_token_is_itself_alone_and_is_never_shown() {
        let token = Token::make(&Sevens).unwrap();
        assert_eq!(token.text().len(), 43);
        assert!(token.is(token.text().as_bytes()));
        for other in [
            "",
            "BwcH",
            &token.text()[1..],
            &format!("{}A", token.text()),
        ] {
            assert!(!token.is(other.as_bytes()), "{other}");
        }
        let replica = WritingReplica {
            holder: "first/1".into(),
            url: "http://127.0.0.1:1".into(),
            token,
        };
        assert!(!format!("{replica:?}").contains("Bw"));
    }
}
