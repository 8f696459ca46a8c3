//! The names by which the outside knows things: validated text, cheap to clone.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::de::{self, Error as _, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The longest name that is accepted, in characters.
pub const MAX_CHARS: usize = 255;

/// Why a text cannot be a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadText {
    /// The text has no character at all.
    #[error("must not be empty")]
    Empty,
    /// The text has more than [`MAX_CHARS`] characters.
    #[error("must have at most {MAX_CHARS} characters")]
    TooLong,
    /// The text has a control character, a line break for instance.
    #[error("must not contain control characters")]
    Control,
}

fn check(text: &str) -> Result<(), BadText> {
    if text.is_empty() {
        return Err(BadText::Empty);
    }
    // Bytes are an upper bound of characters: most names never need the count.
    if text.len() > MAX_CHARS && text.chars().count() > MAX_CHARS {
        return Err(BadText::TooLong);
    }
    if text.chars().any(char::is_control) {
        return Err(BadText::Control);
    }
    Ok(())
}

/// Reads a text without a copy in between.
struct Text;

impl Visitor<'_> for Text {
    type Value = Arc<str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text of 1 to 255 characters")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Arc<str>, E> {
        Ok(text.into())
    }
}

// A macro, because a name is one type per kind (a SKU is no order id) and the traits are the same.
macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// 1 to 255 characters, none of them a control character.
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
        #[cfg_attr(feature = "schemars", schemars(transparent))]
        pub struct $name(
            #[cfg_attr(feature = "schemars", schemars(with = "String", length(min = 1, max = 255)))]
            Arc<str>,
        );

        impl $name {
            /// Checks the text and makes a name of it.
            pub fn new(text: impl AsRef<str> + Into<Arc<str>>) -> Result<Self, BadText> {
                check(text.as_ref())?;
                Ok(Self(text.into()))
            }

            /// The text itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(Text).and_then(|text| match check(&text) {
                    Ok(()) => Ok(Self(text)),
                    Err(bad) => Err(D::Error::custom(bad)),
                })
            }
        }

        impl FromStr for $name {
            type Err = BadText;
            fn from_str(text: &str) -> Result<Self, BadText> {
                Self::new(text)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }
    };
}

name! {
    /// A stock-keeping unit: what is sold.
    Sku
}
name! {
    /// The unique reference of a batch.
    BatchRef
}
name! {
    /// An order's id.
    OrderId
}
name! {
    /// A line's id within its order; the SKU where none is given.
    LineId
}
name! {
    /// The reference of a shipment.
    ShipmentRef
}
name! {
    /// A place where a batch lies or will land.
    Location
}
name! {
    /// The code of a hold: `customs`, `paperwork`, `quality`, `damage`, or a retailer's own.
    HoldCode
}
name! {
    /// Who or what carries a shipment: a carrier, a vessel, a container.
    Carriage
}
name! {
    /// A caller's idempotency key for one command.
    CommandId
}

impl From<Sku> for LineId {
    /// The line id of a line that was given none.
    fn from(sku: Sku) -> LineId {
        LineId(sku.0)
    }
}

/// What identifies an order line: its order and its id in that order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineKey {
    /// The order.
    pub order_id: OrderId,
    /// The line in that order.
    pub line_id: LineId,
}

impl fmt::Display for LineKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.order_id, self.line_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_short_printable_text() {
        assert_eq!(Sku::new(""), Err(BadText::Empty));
        assert_eq!(Sku::new("a\nb"), Err(BadText::Control));
        assert!(Sku::new("é".repeat(255)).is_ok());
        assert_eq!(Sku::new("é".repeat(256)), Err(BadText::TooLong));
        assert_eq!(Sku::new("SMALL-TABLE").unwrap().as_str(), "SMALL-TABLE");
    }
}
