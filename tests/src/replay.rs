//! Has conversations over HTTP, with several clients at once, and remembers what the server acknowledged.
//!
//! Where the server may be killed, an answer may never come though the request took effect. A client then looks before it
//! sends again: a conversation that exists was created, a message that is there has arrived, an end that was is an end.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    Result,
    api::{Answer, Api},
    input::{Conversation, Message},
    pause,
};

/// Where the endpoints of `conversations` are.
pub const CONVERSATIONS: &str = "/api/plugins/conversations/endpoints/conversations";

const RETRY_LIMIT: Duration = Duration::from_secs(60);
const RETRY_PAUSE: Duration = Duration::from_millis(20);

/// What a lost connection means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Losses {
    /// Nobody disturbs the server, so it is an error.
    AreErrors,
    /// The server is being killed, so the client looks and goes on.
    AreExpected,
}

/// How far a replay is.
#[derive(Debug, Default)]
pub struct Progress {
    /// Conversations that have ended.
    pub done: AtomicUsize,
    /// Requests that were answered.
    pub requests: AtomicUsize,
    /// Times that no answer came.
    pub lost: AtomicUsize,
    /// Set when a client gave up, so that the others do.
    pub failed: AtomicBool,
}

/// What a client knows of one conversation that it had.
#[derive(Debug)]
pub struct Said<'a> {
    /// The record that it followed.
    pub record: &'a Conversation,
    /// The text that the server answered to each message; `None` where the message arrived and its answer did not.
    pub texts: Vec<Option<String>>,
}

/// Has all `records`, divided among `clients`, and calls `after` with the number of conversations done after each.
///
/// # Errors
/// The first answer that is not as it should be.
pub fn replay<'a>(
    api: &Api,
    records: &'a [Conversation],
    clients: usize,
    losses: Losses,
    progress: &Progress,
    after: impl Fn(usize) + Sync,
) -> Result<Vec<Said<'a>>> {
    let next = AtomicUsize::new(0);
    let said = Mutex::new(Vec::with_capacity(records.len()));
    let client = || -> Result<()> {
        while let Some(record) = records.get(next.fetch_add(1, Ordering::Relaxed)) {
            if progress.failed.load(Ordering::Relaxed) {
                break;
            }
            let one = converse(api, record, losses, progress)
                .inspect_err(|_| progress.failed.store(true, Ordering::Relaxed))
                .map_err(|error| format!("conversation {}: {error}", record.id))?;
            said.lock().unwrap_or_else(PoisonError::into_inner).push(one);
            after(progress.done.fetch_add(1, Ordering::Relaxed) + 1);
        }
        Ok(())
    };
    in_parallel(clients, client)?;
    Ok(said.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// Runs `work` on `count` threads; the first error of any.
///
/// # Errors
/// That of `work`.
pub fn in_parallel(count: usize, work: impl Fn() -> Result<()> + Sync) -> Result<()> {
    thread::scope(|scope| {
        let threads: Vec<_> = (0..count).map(|_| scope.spawn(&work)).collect();
        let ends: Vec<_> = threads.into_iter().map(thread::ScopedJoinHandle::join).collect();
        ends.into_iter().try_for_each(|end| end.unwrap_or_else(|_| Err("a client panicked".into())))
    })
}

fn converse<'a>(api: &Api, record: &'a Conversation, losses: Losses, progress: &Progress) -> Result<Said<'a>> {
    let client = Client { api: api.clone().app(&record.app_id).user(&record.user_id), losses, progress };
    let path = format!("{CONVERSATIONS}/{}", record.id);
    client.create(&record.id)?;
    let mut texts = Vec::with_capacity(record.messages.len());
    for (place, message) in record.messages.iter().enumerate() {
        texts.push(client.say(&path, place, message)?);
    }
    client.end(&path)?;
    Ok(Said { record, texts })
}

struct Client<'a> {
    api: Api,
    losses: Losses,
    progress: &'a Progress,
}

/// Whether an earlier attempt may have taken effect.
#[derive(PartialEq, Eq, Clone, Copy)]
enum Earlier {
    None,
    Unknown,
}

impl Client<'_> {
    fn create(&self, id: &str) -> Result<()> {
        let answer = |answer: &Answer, earlier| match answer.status {
            409 if earlier == Earlier::Unknown => Ok(()),
            _ => answer.expect(201).map(drop),
        };
        self.insist(|| self.api.post(CONVERSATIONS, &json!({ "id": id })), answer)
    }

    fn end(&self, path: &str) -> Result<()> {
        let answer = |answer: &Answer, earlier| match answer.status {
            409 if earlier == Earlier::Unknown => Ok(()),
            _ => answer.expect(200).map(drop),
        };
        self.insist(|| self.api.post(&format!("{path}/end"), &json!({})), answer)
    }

    fn say(&self, path: &str, place: usize, message: &Message) -> Result<Option<String>> {
        let body = json!({ "from": message.from, "text": message.text });
        let deadline = Instant::now() + RETRY_LIMIT;
        loop {
            let sent = self.api.post(&format!("{path}/messages"), &body);
            if let Some(answer) = self.heard(sent, deadline)? {
                let text = answer.expect(201)?["text"].as_str().map(str::to_owned);
                return text.map(Some).ok_or_else(|| format!("no `text` in {}", answer.text()).into());
            }
            let seen = self.insist(|| self.api.get(path), |answer, _| answer.expect(200))?;
            if seen["messages"].as_array().map_or(0, Vec::len) > place {
                return Ok(None);
            }
        }
    }

    /// Sends until an answer comes, and judges that.
    fn insist<T>(
        &self,
        send: impl Fn() -> Result<Answer, ureq::Error>,
        judge: impl Fn(&Answer, Earlier) -> Result<T>,
    ) -> Result<T> {
        let deadline = Instant::now() + RETRY_LIMIT;
        let mut earlier = Earlier::None;
        loop {
            if let Some(answer) = self.heard(send(), deadline)? {
                return judge(&answer, earlier);
            }
            earlier = Earlier::Unknown;
        }
    }

    /// The answer; `None`, after a pause, if none came and that was to be expected.
    fn heard(&self, sent: Result<Answer, ureq::Error>, deadline: Instant) -> Result<Option<Answer>> {
        match sent {
            Ok(answer) => {
                self.progress.requests.fetch_add(1, Ordering::Relaxed);
                Ok(Some(answer))
            }
            Err(_) if self.losses == Losses::AreExpected && Instant::now() < deadline => {
                self.progress.lost.fetch_add(1, Ordering::Relaxed);
                pause(RETRY_PAUSE);
                Ok(None)
            }
            Err(error) => Err(format!("no answer: {error}").into()),
        }
    }
}

/// Asks the server for the conversation and compares it with what it had acknowledged.
///
/// # Errors
/// Whatever differs.
pub fn verify(api: &Api, said: &Said<'_>) -> Result<()> {
    let Conversation { id, app_id, user_id, messages } = said.record;
    let kept = api.clone().app(app_id).user(user_id).get(&format!("{CONVERSATIONS}/{id}"))?.expect(200)?;
    let same = |what: &str, kept: &Value, expected: &Value| -> Result<()> {
        let differs = || format!("conversation {id}: {what} is {kept}, expected {expected}").into();
        if kept == expected { Ok(()) } else { Err(differs()) }
    };
    same("appId", &kept["appId"], &json!(app_id))?;
    same("userId", &kept["userId"], &json!(user_id))?;
    if !kept["endedAt"].is_string() {
        return Err(
            format!("conversation {id}: endedAt is {}, though its end was acknowledged", kept["endedAt"]).into()
        );
    }
    same("the number of messages", &json!(kept["messages"].as_array().map(Vec::len)), &json!(messages.len()))?;
    for (place, (message, text)) in messages.iter().zip(&said.texts).enumerate() {
        let kept = &kept["messages"][place];
        same(&format!("`from` of message {place}"), &kept["from"], &json!(message.from))?;
        if let Some(text) = text {
            same(&format!("the text of message {place}"), &kept["text"], &json!(text))?;
        }
    }
    Ok(())
}
