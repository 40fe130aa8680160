//! The methods that an endpoint may have.

use std::{fmt, str::FromStr};

/// An HTTP method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are HTTP's")]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

/// The text is none of the methods that an endpoint may have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a method that an endpoint can have; there are: GET, POST, PUT, PATCH, DELETE{hint}", hint = hint(.0))]
pub struct MethodError(String);

fn hint(written: &str) -> &'static str {
    match written.to_uppercase().parse::<Method>() {
        Ok(_) => " (in capitals)",
        Err(_) => "",
    }
}

impl Method {
    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

impl FromStr for Method {
    type Err = MethodError;

    fn from_str(text: &str) -> Result<Self, MethodError> {
        let all = [Self::Get, Self::Post, Self::Put, Self::Patch, Self::Delete];
        all.into_iter().find(|method| method.as_str() == text).ok_or_else(|| MethodError(text.to_owned()))
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_written_in_capitals() {
        assert_eq!("PATCH".parse(), Ok(Method::Patch));
        let said = "get".parse::<Method>().expect_err("small letters").to_string();
        assert!(said.ends_with("(in capitals)"), "{said}");
        let said = "FETCH".parse::<Method>().expect_err("no method").to_string();
        assert!(said.ends_with("PATCH, DELETE"), "{said}");
    }
}
