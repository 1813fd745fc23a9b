//! `Any` in and out, typed by the message.

use prost::{DecodeError, Message, Name};

use crate::protobuf::Any;
use crate::type_url;

/// Why an `Any` is not the wanted message.
#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    /// It holds another message.
    #[error("it is a `{found}`, not a `{wanted}`")]
    OtherType {
        /// Full name of the message asked for.
        wanted: String,
        /// Full name of the message found.
        found: String,
    },
    /// Its bytes are not a valid encoding of the message.
    #[error("`{message}` is malformed")]
    Malformed {
        /// Full name of the message.
        message: String,
        /// What prost says of the bytes.
        #[source]
        source: DecodeError,
    },
}

/// Wraps `message`, with the type URL `type.googleapis.com/FULL.NAME`.
pub fn pack<M: Message + Name>(message: &M) -> Any {
    Any {
        type_url: M::type_url(),
        value: message.encode_to_vec(),
    }
}

/// True when `any` holds an `M`, whether or not its bytes are valid.
pub fn is<M: Name>(any: &Any) -> bool {
    type_url::message_name(&any.type_url) == M::full_name()
}

/// The message in `any`, which must be an `M`.
pub fn unpack<M: Message + Name + Default>(any: &Any) -> Result<M, UnpackError> {
    if !is::<M>(any) {
        return Err(UnpackError::OtherType {
            wanted: M::full_name(),
            found: type_url::message_name(&any.type_url).to_owned(),
        });
    }
    M::decode(any.value.as_slice()).map_err(|source| UnpackError::Malformed {
        message: M::full_name(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::router::Router;
    use crate::tcp_proxy::TcpProxy;

    #[test]
    fn what_was_packed_unpacks() {
        let router = Router {
            suppress_envoy_headers: true,
            ..Router::default()
        };
        let any = pack(&router);
        assert_eq!(
            any.type_url,
            "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
        );
        assert_eq!(unpack::<Router>(&any).unwrap(), router);
    }

    #[test]
    fn another_message_is_refused_by_name() {
        let error = unpack::<TcpProxy>(&pack(&Router::default())).unwrap_err();
        assert!(matches!(error, UnpackError::OtherType { .. }), "{error}");
    }

    #[test]
    fn broken_bytes_are_an_error() {
        let any = Any {
            value: vec![0xff; 3],
            ..pack(&Router::default())
        };
        let error = unpack::<Router>(&any).unwrap_err();
        assert!(matches!(error, UnpackError::Malformed { .. }), "{error}");
    }
}
