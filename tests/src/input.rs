//! What is replayed: conversations and deliveries, a JSON object a line, or generated.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use plugin_core::random::Random;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::Result;

/// A conversation as it was recorded.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Conversation {
    /// Its id.
    pub id: String,
    /// The app it belongs to.
    pub app_id: String,
    /// The user who had it.
    pub user_id: String,
    /// What was said, in order.
    pub messages: Vec<Message>,
}

/// One message.
#[derive(Debug, Clone, Deserialize)]
pub struct Message {
    /// `user` or `assistant`.
    pub from: String,
    /// What was said.
    pub text: String,
}

/// A webhook delivery.
#[derive(Debug, Clone, Deserialize)]
pub struct Delivery {
    /// What happened.
    pub event: String,
    /// The document.
    pub payload: Value,
}

/// What is to be counted in one app.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    /// Conversations.
    pub conversations: u64,
    /// Messages.
    pub messages: u64,
    /// Different users.
    pub users: u64,
}

/// Reads a file with a JSON object a line.
///
/// # Errors
/// If it is not there, or a line is not such an object; the message names file and line.
pub fn read<T: DeserializeOwned>(file: &Path) -> Result<Vec<T>> {
    let text = fs::read_to_string(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let parsed = lines.map(|(number, line)| {
        serde_json::from_str(line).map_err(|error| format!("{}:{}: {error}", file.display(), number + 1).into())
    });
    parsed.collect()
}

/// What the conversations add up to in each app.
pub fn totals(conversations: &[Conversation]) -> BTreeMap<String, Totals> {
    let mut users = BTreeSet::new();
    let mut totals = BTreeMap::<String, Totals>::new();
    for conversation in conversations {
        let app = totals.entry(conversation.app_id.clone()).or_default();
        app.conversations += 1;
        app.messages += conversation.messages.len() as u64;
        app.users += u64::from(users.insert((&conversation.app_id, &conversation.user_id)));
    }
    totals
}

/// `count` conversations for those who have none at hand; the same every time.
pub fn generated(count: usize) -> Vec<Conversation> {
    const APPS: [&str; 3] = ["bakery", "library", "workshop"];
    const ASKED: [&str; 6] = [
        "When do you open?",
        "Is the order ready? Write to ada@example.com, please.",
        "What would you recommend?",
        "Can I bring it back?",
        "How long does it take?",
        "Send the receipt to grace.hopper@example.org.",
    ];
    const ANSWERED: [&str; 4] = ["At nine.", "Let me look.", "Of course, within a fortnight.", "About an hour."];
    let mut random = Random::of(0x5eed);
    let conversation = |number: usize| {
        let app = random.pick(&APPS).copied().unwrap_or_default();
        let turns = 1 + random.below(4);
        let pairs = (0..turns).flat_map(|_| {
            [
                ("user", random.pick(&ASKED).copied().unwrap_or_default()),
                ("assistant", random.pick(&ANSWERED).copied().unwrap_or_default()),
            ]
        });
        let messages = pairs.map(|(from, text)| Message { from: from.into(), text: text.into() }).collect();
        let user_id = format!("u{:02}", random.below(40));
        Conversation { id: format!("{app}-{number:05}"), app_id: app.into(), user_id, messages }
    };
    (0..count).map(conversation).collect()
}

/// `count` deliveries for those who have none at hand.
pub fn generated_deliveries(count: usize) -> Vec<Delivery> {
    const KINDS: [(&str, Option<&str>); 6] = [
        ("push", None),
        ("issues", Some("opened")),
        ("pull_request", Some("opened")),
        ("issues", Some("closed")),
        ("pull_request", Some("synchronize")),
        ("star", Some("created")),
    ];
    let delivery = |(event, action): &(&str, Option<&str>)| {
        let mut payload = json!({ "repository": { "full_name": "example/shop" } });
        if let Some(action) = action {
            payload["action"] = json!(action);
        }
        Delivery { event: (*event).to_owned(), payload }
    };
    KINDS.iter().map(delivery).cycle().take(count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_and_a_bad_line_are_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("c.jsonl");
        let said = read::<Delivery>(&file).expect_err("there is none").to_string();
        assert!(said.contains("c.jsonl"), "{said}");
        fs::write(&file, "{\"event\":\"push\",\"payload\":{}}\n{}\n").expect("written");
        let said = read::<Delivery>(&file).expect_err("no delivery").to_string();
        assert!(said.contains("c.jsonl:2: missing field `event`"), "{said}");
    }

    #[test]
    fn users_are_counted_once_an_app() {
        let records = generated(300);
        let totals = totals(&records);
        assert_eq!(totals.len(), 3);
        assert_eq!(totals.values().map(|app| app.conversations).sum::<u64>(), 300);
        assert!(totals.values().all(|app| app.users <= 40 && app.messages >= 2 * app.conversations));
    }
}
