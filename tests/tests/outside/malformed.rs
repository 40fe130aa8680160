//! A thousand requests that are wrong in as many ways: each is refused, and none leaves a mark.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use plugin_core::random::Random;
use serde_json::Value;
use tests::{github, server::ADMIN_TOKEN};

use crate::tools::Running;

const TRACK: &str = "/api/plugins/analytics-plugin/endpoints/track";
const CONVERSATIONS: &str = "/api/plugins/conversations/endpoints/conversations";
const STATS: &str = "/api/plugins/analytics-plugin/endpoints/stats";
const COUNT: &str = "/api/plugins/data-plugin/endpoints/count";
const GITHUB: &str = "/api/plugins/github-integration/webhooks/github-events";
const ROOM_TO_GROW: u64 = 32 << 20;

/// A way to be wrong: its name, and how a request of it is made.
type Kind = (&'static str, fn(&mut Random) -> Raw);

/// A request as bytes.
struct Raw {
    line: Vec<u8>,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl Raw {
    fn new(method: &str, path: &str) -> Self {
        let token = format!("Bearer {ADMIN_TOKEN}").into_bytes();
        Self {
            line: format!("{method} {path} HTTP/1.1").into_bytes(),
            headers: vec![("Host".into(), b"localhost".to_vec()), ("Authorization".into(), token)],
            body: Vec::new(),
        }
    }

    fn header(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.into(), value.into()));
        self
    }

    fn body(mut self, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        let length = self.body.len().to_string();
        self.header("Content-Type", kind).header("Content-Length", length)
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = [&self.line[..], b"\r\n"].concat();
        for (name, value) in &self.headers {
            bytes.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        bytes.extend(b"Connection: close\r\n\r\n");
        bytes.extend(&self.body);
        bytes
    }
}

/// Random bytes that are no NUL, CR or LF.
fn noise(dice: &mut Random, length: usize) -> Vec<u8> {
    let byte = |dice: &mut Random| match (dice.number() & 0xff) as u8 {
        0 | b'\r' | b'\n' => b'#',
        other => other,
    };
    (0..length).map(|_| byte(dice)).collect()
}

fn letters(dice: &mut Random, length: usize) -> String {
    (0..length).map(|_| char::from(b'a' + (dice.number() % 26) as u8)).collect()
}

fn request_line(dice: &mut Random) -> Raw {
    let mut raw = Raw::new("GET", STATS);
    let word = letters(dice, 6);
    raw.line = match dice.below(7) {
        0 => format!("{} {STATS} HTTP/1.1", word.to_uppercase()).into_bytes(),
        1 => format!("GET {STATS}{word} HTTP/1.1").into_bytes(),
        2 => format!("GET {STATS} HTTP/{}.{}", 2 + dice.below(8), dice.below(10)).into_bytes(),
        3 => format!("GET{STATS}").into_bytes(),
        4 => [b"GET /", &noise(dice, 12)[..], b" HTTP/1.1"].concat(),
        5 => format!("GET /{} HTTP/1.1", letters(dice, 70_000)).into_bytes(),
        _ => noise(dice, 30),
    };
    raw
}

fn path(dice: &mut Random) -> Raw {
    let bad = ["%00", "%5c", "%2e%2e", "..", "%252e", "%2f..%2f", "%", "%zz", "%ff%fe", "%c0%af", ".", "%5C..", "a%2"];
    Raw::new(
        "GET",
        &format!("{CONVERSATIONS}/{}{}/{}", letters(dice, 3), bad[dice.below(bad.len())], bad[dice.below(bad.len())]),
    )
}

fn header(dice: &mut Random) -> Raw {
    let raw = Raw::new("GET", STATS);
    match dice.below(6) {
        0 => raw.header("Authorization", noise(dice, 24)),
        1 => raw.header("Authorization", format!("Bearer plg_{}", letters(dice, 30))),
        2 => raw.header("Authorization", format!("Basic {}", letters(dice, 30))),
        3 => (0..200).fold(raw, |raw, n| raw.header(&format!("X-Many-{n}"), letters(dice, 3))),
        4 => raw.header("X-Long", letters(dice, 200_000)),
        _ => raw.header("Bad Name", "x").header("Content-Length", format!("-{}", dice.below(99))),
    }
}

fn id(dice: &mut Random) -> Raw {
    let mut id = noise(dice, 8);
    id.push(*dice.pick(b" /\\\"<>{}|").expect("there are some"));
    match dice.below(4) {
        0 => Raw::new("GET", STATS).header("X-App-Id", [b"a", &id[..], b"z"].concat()),
        1 => Raw::new("GET", STATS).header("X-User-Id", [b"a", &id[..], b"z"].concat()),
        2 => Raw::new("GET", STATS).header("X-App-Id", letters(dice, 129)),
        _ => Raw::new("GET", &format!("{CONVERSATIONS}/{}", letters(dice, 129))),
    }
}

fn query(dice: &mut Random) -> Raw {
    let word = letters(dice, 5);
    let query = match dice.below(4) {
        0 => format!("{word}={word}"),
        1 => String::new(),
        2 => format!("userId={word}&userId={word}"),
        _ => format!("userid={word}"),
    };
    Raw::new("GET", &format!("{COUNT}?{query}"))
}

fn json(dice: &mut Random) -> Raw {
    let body = match dice.below(8) {
        0 => noise(dice, 40),
        1 => format!("{{\"{}\":", letters(dice, 4)).into_bytes(),
        2 => format!("[{}]", dice.below(9)).into_bytes(),
        3 => vec![b'['; 100_000],
        4 => br#"{"from":"system","text":"x"}"#.to_vec(),
        5 => format!("\"{}\"", letters(dice, 9)).into_bytes(),
        6 => b"{\"from\":\"user\",\"text\":\"\\ud800\"}".to_vec(),
        _ => vec![b' '; 1_100_000],
    };
    Raw::new("POST", &format!("{CONVERSATIONS}/none/messages")).body("application/json", body)
}

fn content_type(dice: &mut Random) -> Raw {
    let kind = *dice
        .pick(&["text/plain", "application/xml", "multipart/form-data", "json", "application/", ";", "*/*"])
        .expect("there are some");
    Raw::new("POST", TRACK).body(kind, "{}")
}

fn signature(dice: &mut Random) -> Raw {
    let body = format!("{{\"action\":\"{}\"}}", letters(dice, 5)).into_bytes();
    let wrong = match dice.below(5) {
        0 => github::signature(&letters(dice, 8), &body).into_bytes(),
        1 => b"sha256=".to_vec(),
        2 => noise(dice, 64),
        3 => format!("sha1={}", letters(dice, 40)).into_bytes(),
        _ => format!("sha256={}", "0".repeat(dice.below(200))).into_bytes(),
    };
    let raw = Raw::new("POST", GITHUB).body("application/json", body);
    raw.header("X-GitHub-Event", "issues")
        .header("X-GitHub-Delivery", letters(dice, 9))
        .header("X-Hub-Signature-256", wrong)
}

/// The status and the rest of an answer.
fn ask(address: &str, request: &[u8]) -> Result<(u16, String), String> {
    let mut stream = TcpStream::connect(address).map_err(|error| format!("no connection: {error}"))?;
    stream.set_read_timeout(Some(Duration::from_secs(20))).map_err(|error| error.to_string())?;
    // The server may answer and close before it has read everything; what it said is still to be read.
    let _ = stream.write_all(request);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let text = String::from_utf8_lossy(&answer).into_owned();
    let status = text.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
    status.map(|status| (status, text.clone())).ok_or_else(|| format!("no answer but {text:?}"))
}

fn is_problem(text: &str) -> bool {
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let kind = head.to_ascii_lowercase().contains("content-type: application/problem+json");
    let problem: Option<Value> =
        body.get(body.find('{').unwrap_or(0)..).and_then(|body| serde_json::from_str(body).ok());
    kind && problem.is_some_and(|problem| problem["status"].is_u64() && problem["title"].is_string())
}

#[test]
fn a_thousand_malformed_requests_are_each_refused_with_a_problem() {
    let server = Running::start();
    let mut dice = Random::of(2026);
    let kinds: [Kind; 8] = [
        ("request line", request_line),
        ("path", path),
        ("header", header),
        ("id", id),
        ("query", query),
        ("json", json),
        ("content type", content_type),
        ("signature", signature),
    ];
    let mut wrong = Vec::new();
    let mut send = |count: usize, wrong: &mut Vec<String>| {
        for _ in 0..count {
            for (kind, make) in kinds {
                let raw = make(&mut dice);
                let shown = String::from_utf8_lossy(&raw.line).chars().take(120).collect::<String>();
                match ask(server.address(), &raw.bytes()) {
                    Ok((status, text)) if (400..500).contains(&status) && is_problem(&text) => {}
                    Ok((_, text)) => {
                        wrong.push(format!("{kind}: {shown}: {}", text.chars().take(300).collect::<String>()));
                    }
                    Err(error) => wrong.push(format!("{kind}: {shown}: {error}")),
                }
            }
        }
    };
    // The first round warms up what is allocated once.
    send(5, &mut wrong);
    let before = server.resident().expect("its memory");
    send(125, &mut wrong);
    let after = server.resident().expect("its memory");
    assert!(wrong.is_empty(), "{} of 1040, such as\n{}", wrong.len(), wrong[..wrong.len().min(12)].join("\n"));
    assert!(!server.stderr().contains("panicked at"), "{}", server.stderr());
    assert!(after < before + ROOM_TO_GROW, "{before} bytes became {after}");
    assert_eq!(server.anonymous().get("/readyz").expect("an answer").status, 200);
}
