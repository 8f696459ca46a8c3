//! What Redis answers about a stream, read field by field: names and values are any bytes.
//!
//! The library's own reading takes names of fields for text and fails for the whole answer where one is
//! not, so that a single bad message would stop all that come after it.

use redis::{ErrorKind, RedisError, Value};

/// One message of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) id: String,
    pub(crate) fields: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Entry {
    /// The value of the first field of this name.
    pub(crate) fn field(&self, name: &[u8]) -> Option<&[u8]> {
        let found = self.fields.iter().find(|(field, _)| field == name);
        found.map(|(_, value)| value.as_slice())
    }

    /// All fields, as good as they can be told in text.
    pub(crate) fn as_json(&self) -> String {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let fields: serde_json::Map<_, _> = self
            .fields
            .iter()
            .map(|(name, value)| (text(name), text(value).into()))
            .collect();
        serde_json::Value::Object(fields).to_string()
    }
}

/// The messages in an answer to XREADGROUP for one stream; none where there were none in time.
pub(crate) fn read(answer: Value) -> Result<Vec<Entry>, RedisError> {
    let Value::Array(streams) = answer else {
        return if answer == Value::Nil {
            Ok(Vec::new())
        } else {
            Err(strange())
        };
    };
    let mut entries = Vec::new();
    for stream in streams {
        let [_, messages] = two(stream)?;
        entries.extend(messages_of(messages)?);
    }
    Ok(entries)
}

/// Where to go on from, and the messages, in an answer to XAUTOCLAIM.
pub(crate) fn claimed(answer: Value) -> Result<(String, Vec<Entry>), RedisError> {
    let mut parts = list(answer)?.into_iter();
    let (Some(next), Some(messages)) = (parts.next(), parts.next()) else {
        return Err(strange());
    };
    let next = String::from_utf8(bytes(next)?).map_err(|_| strange())?;
    Ok((next, messages_of(messages)?))
}

fn messages_of(value: Value) -> Result<Vec<Entry>, RedisError> {
    let mut entries = Vec::new();
    for message in list(value)? {
        // What was deleted while it was pending has no body any more (Redis 6), or no entry.
        if message == Value::Nil {
            continue;
        }
        let [id, fields] = two(message)?;
        if fields == Value::Nil {
            continue;
        }
        let id = String::from_utf8(bytes(id)?).map_err(|_| strange())?;
        let mut fields = list(fields)?.into_iter();
        let mut entry = Entry {
            id,
            fields: Vec::new(),
        };
        while let (Some(name), Some(value)) = (fields.next(), fields.next()) {
            entry.fields.push((bytes(name)?, bytes(value)?));
        }
        entries.push(entry);
    }
    Ok(entries)
}

fn list(value: Value) -> Result<Vec<Value>, RedisError> {
    match value {
        Value::Array(values) => Ok(values),
        _ => Err(strange()),
    }
}

fn two(value: Value) -> Result<[Value; 2], RedisError> {
    list(value)?.try_into().map_err(|_| strange())
}

fn bytes(value: Value) -> Result<Vec<u8>, RedisError> {
    match value {
        Value::BulkString(bytes) => Ok(bytes),
        Value::SimpleString(text) => Ok(text.into_bytes()),
        _ => Err(strange()),
    }
}

fn strange() -> RedisError {
    (
        ErrorKind::UnexpectedReturnType,
        "the server's answer about a stream is not as expected",
    )
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::BulkString(text.as_bytes().to_vec())
    }

    #[test]
    fn answers_are_read_whatever_bytes_are_in_them() {
        let message = |id: &str, name: &[u8]| {
            let fields = vec![Value::BulkString(name.to_vec()), text("{}")];
            Value::Array(vec![text(id), Value::Array(fields)])
        };
        let messages = Value::Array(vec![
            message("1-0", b"\xff"),
            Value::Nil,
            Value::Array(vec![text("2-0"), Value::Nil]),
            message("3-0", b"command"),
        ]);
        let answer = Value::Array(vec![Value::Array(vec![text("s"), messages.clone()])]);
        let entries = read(answer).unwrap();
        assert_eq!(entries.len(), 2);
        assert_eq!(entries[0].field(b"command"), None);
        assert_eq!(entries[0].as_json(), "{\"\u{fffd}\":\"{}\"}");
        assert_eq!(entries[1].id, "3-0");
        assert_eq!(entries[1].field(b"command"), Some(b"{}".as_slice()));
        let answer = Value::Array(vec![text("0-0"), messages, Value::Array(vec![])]);
        assert_eq!(claimed(answer).unwrap(), ("0-0".into(), entries));
    }

    #[test]
    fn nothing_new_is_no_error_and_nonsense_is_one() {
        assert_eq!(read(Value::Nil).unwrap(), []);
        assert!(read(Value::Int(1)).is_err());
        assert!(claimed(Value::Array(vec![text("0-0")])).is_err());
        let odd = Value::Array(vec![Value::Array(vec![text("s")])]);
        assert!(read(odd).is_err());
    }
}
