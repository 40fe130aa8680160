//! What can go wrong in a handler, in two voices: what the log keeps, and what a caller outside may read.

use std::{borrow::Cow, error::Error as StdError, fmt};

use actix_web::{HttpResponse, ResponseError, http::StatusCode};

/// What a handler returns when it cannot do its work.
///
/// Every [`std::error::Error`] converts into it with `?`, which is why it is not one itself. Its text is logged. A caller
/// outside reads the public text alone, where there is one, and otherwise only that the server failed.
///
/// ```
/// use plugin_core::Error;
///
/// fn parse(text: &str) -> Result<u32, Error> {
///     Ok(text.parse()?)
/// }
/// assert_eq!(parse("x").unwrap_err().to_string(), "invalid digit found in string");
/// assert_eq!(Error::conflict("it has ended").status().as_u16(), 409);
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    message: Cow<'static, str>,
    public: Option<Public>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

struct Public {
    status: StatusCode,
    code: &'static str,
    detail: Cow<'static, str>,
    fields: Vec<FieldError>,
}

/// What is wrong with one field of a request.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct FieldError {
    /// The field, as a dotted path.
    pub field: String,
    /// What is wrong with it.
    pub detail: String,
}

/// What most functions of this crate give back.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error of the handler's own, told to the log alone.
    pub fn new(message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner { message: message.into(), public: None, source: None }))
    }

    /// An error that a caller outside may read: `detail` is sent with `status`, under the problem type `code`.
    pub fn public(status: StatusCode, code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        let detail = detail.into();
        let public = Public { status, code, detail: detail.clone(), fields: Vec::new() };
        Self(Box::new(Inner { message: detail, public: Some(public), source: None }))
    }

    /// 400: the request cannot be understood.
    pub fn bad_request(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::public(StatusCode::BAD_REQUEST, "bad-request", detail)
    }

    /// 403: the caller may not do this.
    pub fn forbidden(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::public(StatusCode::FORBIDDEN, "forbidden", detail)
    }

    /// 404: there is no such thing.
    pub fn not_found(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::public(StatusCode::NOT_FOUND, "not-found", detail)
    }

    /// 409: the state of things does not allow it.
    pub fn conflict(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::public(StatusCode::CONFLICT, "conflict", detail)
    }

    /// 422: understood, and wrong at `field`.
    pub fn unprocessable(field: impl Into<String>, detail: impl Into<String>) -> Self {
        let field = FieldError { field: field.into(), detail: detail.into() };
        Self::invalid_fields(vec![field])
    }

    /// 422: understood, and wrong at each of `fields`.
    pub fn invalid_fields(fields: Vec<FieldError>) -> Self {
        let detail = fields.iter().map(|at| format!("{}: {}", at.field, at.detail)).collect::<Vec<_>>().join("; ");
        let mut error = Self::public(StatusCode::UNPROCESSABLE_ENTITY, "invalid-fields", detail);
        if let Some(public) = &mut error.0.public {
            public.fields = fields;
        }
        error
    }

    /// The same error with `source` as its cause, for the log.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The status that a caller outside gets: 500 unless the error is public.
    pub fn status(&self) -> StatusCode {
        self.0.public.as_ref().map_or(StatusCode::INTERNAL_SERVER_ERROR, |public| public.status)
    }

    /// The problem type that a caller outside gets.
    pub fn code(&self) -> &'static str {
        self.0.public.as_ref().map_or("internal", |public| public.code)
    }

    /// What a caller outside may read, if anything.
    pub fn detail(&self) -> Option<&str> {
        self.0.public.as_ref().map(|public| &*public.detail)
    }

    /// The fields that are wrong, for 422.
    pub fn fields(&self) -> &[FieldError] {
        self.0.public.as_ref().map_or(&[], |public| &public.fields)
    }

    /// The error that this one was made of or [`because`](Self::because) of, where it is an `E`.
    pub fn downcast_ref<E: StdError + 'static>(&self) -> Option<&E> {
        self.0.source.as_deref()?.downcast_ref()
    }

    /// What caused it.
    pub fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    /// The message and the chain of its causes, as the log has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        let mut cause = self.source();
        let mut said = self.0.message.to_string();
        while let Some(error) = cause {
            let text = error.to_string();
            if !said.contains(&text) {
                write!(f, ": {text}")?;
                said = text;
            }
            cause = error.source();
        }
        Ok(())
    }
}

impl<E: StdError + Send + Sync + 'static> From<E> for Error {
    fn from(source: E) -> Self {
        Self(Box::new(Inner { message: source.to_string().into(), public: None, source: Some(Box::new(source)) }))
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        self.status()
    }

    /// Only the status; the router writes the problem document, which needs the request.
    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status())
    }
}

/// The errors that a handler may return: every [`std::error::Error`], and [`Error`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an error that a handler can return",
    label = "needs `std::error::Error + Send + Sync + 'static`, or `plugin_core::Error`",
    note = "`Box<dyn Error>` is refused: return `plugin_core::Error`, into which `?` converts every error"
)]
pub trait HandlerError: 'static {
    /// The error as ours.
    fn into_error(self) -> Error;
}

impl HandlerError for Error {
    fn into_error(self) -> Error {
        self
    }
}

#[diagnostic::do_not_recommend]
impl<E: StdError + Send + Sync + 'static> HandlerError for E {
    fn into_error(self) -> Error {
        self.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_outside_reads_only_the_public_text() {
        let private: Error = std::io::Error::other("disk 7 is gone").into();
        assert_eq!((private.status().as_u16(), private.detail()), (500, None));
        let public = Error::not_found("no such conversation").because(std::io::Error::other("key a/b"));
        assert_eq!((public.status().as_u16(), public.detail()), (404, Some("no such conversation")));
        assert_eq!(format!("{public:?}"), "no such conversation: key a/b");
    }

    #[test]
    fn the_cause_can_be_asked_for_by_type() {
        let error: Error = std::io::Error::other("x").into();
        assert!(error.downcast_ref::<std::io::Error>().is_some());
        assert!(error.downcast_ref::<fmt::Error>().is_none());
    }
}
