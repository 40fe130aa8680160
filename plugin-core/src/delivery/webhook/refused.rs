//! Why a webhook's request is not accepted.

use actix_web::http::StatusCode;

use super::request::MAX_BODY;
use crate::{error::Error, store::engine::EngineError};

/// Why a webhook's request is not accepted.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// There is no such webhook.
    #[error("the plugin has no such webhook")]
    Unknown,
    /// The plugin takes no work now.
    #[error("{0}")]
    PluginOff(String),
    /// The plugin's settings hold no secret to verify with.
    #[error("webhook secret not configured")]
    NoSecret,
    /// The signature is missing or wrong. Which of the two is not said.
    #[error("the signature is missing or does not match")]
    Signature,
    /// The body is longer than is taken.
    #[error("the body is longer than {MAX_BODY} bytes")]
    TooLarge,
    /// The body is announced as something that webhooks do not carry.
    #[error("the body must be `application/json` or `application/x-www-form-urlencoded`")]
    MediaType,
    /// A header is missing.
    #[error("the header `{0}` is missing")]
    NoHeader(&'static str),
    /// A header is given twice, empty, too long, or has characters that it may not have.
    #[error("the header `{0}` is not what it should be")]
    BadHeader(&'static str),
    /// The form has no field `payload`, or several.
    #[error("the form must have one field `payload`")]
    NoPayload,
    /// The body is not UTF-8.
    #[error("the body is not UTF-8")]
    NotUtf8,
    /// The document is not JSON.
    #[error("the document is not JSON: {0}")]
    NotJson(String),
    /// The id is known, and came with another body.
    #[error("a delivery with the id `{0}` and another body was accepted before")]
    OtherBody(String),
    /// It could not be stored.
    #[error("the delivery could not be stored")]
    Store(#[from] EngineError),
}

impl Refused {
    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Unknown => StatusCode::NOT_FOUND,
            Self::PluginOff(_) | Self::NoSecret => StatusCode::SERVICE_UNAVAILABLE,
            Self::Signature => StatusCode::UNAUTHORIZED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::OtherBody(_) => StatusCode::CONFLICT,
            Self::Store(EngineError::Unavailable(_)) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Store(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::NoHeader(_) | Self::BadHeader(_) | Self::NoPayload | Self::NotUtf8 | Self::NotJson(_) => {
                StatusCode::BAD_REQUEST
            }
        }
    }

    /// The problem type of the answer.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "not-found",
            Self::PluginOff(_) => "plugin-unavailable",
            Self::NoSecret => "webhook-secret-not-configured",
            Self::Signature => "bad-signature",
            Self::TooLarge => "too-large",
            Self::MediaType => "unsupported-media-type",
            Self::OtherBody(_) => "conflict",
            Self::Store(_) => "store",
            Self::NoHeader(_) | Self::BadHeader(_) | Self::NoPayload | Self::NotUtf8 | Self::NotJson(_) => {
                "bad-request"
            }
        }
    }

    /// The error that the answer is made of.
    pub fn into_error(self) -> Error {
        let error = Error::public(self.status(), self.code(), self.to_string());
        match self {
            Self::Store(cause) => error.because(cause),
            _ => error,
        }
    }
}
