//! Webhook deliveries as GitHub sends them.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::{
    Result,
    api::{Answer, Api},
    input::Delivery,
};

/// What stands in `X-Hub-Signature-256` for `body`.
/// See <https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries>.
pub fn signature(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

/// Sends `delivery` to the webhook at `path`, signed with `secret`, as the delivery `id`.
///
/// # Errors
/// If no answer came.
pub fn deliver(api: &Api, path: &str, secret: &str, id: &str, delivery: &Delivery) -> Result<Answer, ureq::Error> {
    let body = delivery.payload.to_string().into_bytes();
    api.clone()
        .header("X-GitHub-Event", &delivery.event)
        .header("X-GitHub-Delivery", id)
        .header("X-Hub-Signature-256", signature(secret, &body))
        .send("POST", path, Some(("application/json", body)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of GitHub's documentation.
    #[test]
    fn signatures_are_those_of_the_documentation() {
        assert_eq!(
            signature("It's a Secret to Everybody", b"Hello, World!"),
            "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
        );
    }
}
