//! What the server keeps on disk, held by rows that were written once: they are read for ever, and mean what they meant.
//! `docs/format.md` tells of their bytes; plugin-core's tests hold all that is around their payloads.
//!
//! With `FORMAT_FIXTURES=write` in the environment the fixture is written if it is not there; it is never changed.

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use plugin_core::{
    AppId, Clock, ManualClock, UserId,
    store::{
        codec,
        conformance::block_on,
        db::Db,
        engine::{Direction, Durability, Engine, Got, Keyspace, MAX_SCAN, Read, Scan, Wanted, Write},
        key,
        mem::MemEngine,
    },
};
use serde_json::{Value as Json, json};

use super::{
    Auth, admin_user,
    session::{Opener, Sessions},
    token::{NewToken, Tokens},
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What the rows cannot tell: of each secret they have a hash alone.
#[derive(Debug, Default)]
struct Fixture {
    secrets: BTreeMap<String, String>,
    rows: Vec<(Vec<u8>, Vec<u8>)>,
}

fn keyspace() -> Keyspace {
    Keyspace::of_host("system")
}

/// The tokens and sessions over an engine with these rows, a minute into 2026.
fn auth(rows: &[(Vec<u8>, Vec<u8>)]) -> (Arc<dyn Engine>, Auth) {
    let engine: Arc<dyn Engine> = Arc::new(MemEngine::new());
    let writes = rows.iter().map(|(key, value)| Write::put(key.clone(), value.clone())).collect();
    block_on(async {
        engine.open(&keyspace()).await?;
        engine.commit(&keyspace(), writes, Durability::Synced).await
    })
    .expect("memory takes them");
    let clock = Clock::from(ManualClock::at("2026-01-01T00:01:00Z".parse().expect("an instant")));
    let rows =
        |name: &str| Db::new(Arc::clone(&engine), keyspace(), AppId::new(name).expect("an id"), Durability::Synced);
    let tokens = Tokens::new(rows("tokens"), clock.clone());
    let sessions = Sessions::new(rows("sessions"), rows("links"), tokens.clone(), clock);
    (engine, Auth { tokens, sessions, fixed: Vec::new() }.with_fixed("environment", "hush"))
}

/// A token of each sort, a session of each opener, and a link.
fn written() -> Fixture {
    let (engine, auth) = auth(&[]);
    let mut secrets = BTreeMap::new();
    block_on(async {
        let admin = NewToken {
            name: "ci".into(),
            scopes: vec!["admin".into()],
            user: None,
            app: AppId::default(),
            expires_in: None,
        };
        let of_ada = NewToken {
            name: "ada's".into(),
            scopes: vec!["host".into(), "notes:read".into()],
            user: Some(UserId::new("ada").expect("an id")),
            app: AppId::new("shop").expect("an id"),
            expires_in: Some(DAY),
        };
        let admin = auth.tokens.create(admin).await?;
        secrets.insert("of-ada".to_owned(), auth.tokens.create(of_ada).await?.token);
        let fixed = auth.opener(&auth.bearer("hush").await?.expect("it is known"));
        for (name, opener) in
            [("by-link", Opener::Link), ("by-token", Opener::Token(admin.id.into())), ("by-fixed", fixed)]
        {
            secrets.insert(name.to_owned(), auth.sessions.open(admin_user(), opener).await?);
        }
        secrets.insert("admin".to_owned(), admin.token);
        secrets.insert("link".to_owned(), auth.sessions.link().await?);
        Ok::<_, plugin_core::Error>(())
    })
    .expect("memory takes them");
    let (range, direction, wanted) = (vec![0]..vec![0xff], Direction::Forward, Wanted::Entries);
    let scan = Scan { range, limit: MAX_SCAN, bytes: usize::MAX, direction, wanted };
    let got = block_on(engine.read(&keyspace(), &[Read::Scan(scan)])).expect("memory is read").pop();
    let Some(Got::Entries(entries)) = got else { panic!("a scan is answered by entries") };
    Fixture { secrets, rows: entries.iter().map(|(key, value)| (key.to_vec(), value.to_vec())).collect() }
}

fn fixture() -> Fixture {
    // One at a time: tests run at once.
    static WRITING: Mutex<()> = Mutex::new(());
    let _writing = WRITING.lock();
    let path: PathBuf = ["src", "auth", "fixtures", "v1.txt"].iter().collect();
    if std::env::var_os("FORMAT_FIXTURES").is_some_and(|asked| asked == "write") && !path.exists() {
        let Fixture { secrets, rows } = written();
        let secrets = secrets.iter().map(|(name, secret)| format!("secret {name} {secret}\n"));
        let rows = rows.iter().map(|(key, value)| format!("row {} {}\n", hex::encode(key), hex::encode(value)));
        let text: String = secrets.chain(rows).collect();
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder for the fixture");
        let told = "# Written once, and never changed: secrets of no server, and rows as key and value.\n";
        fs::write(&path, format!("{told}{text}")).expect("a fixture is written");
    }
    let text = fs::read_to_string(&path).expect("FORMAT_FIXTURES=write writes it where it is missing");
    let mut fixture = Fixture::default();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["secret", name, secret] => drop(fixture.secrets.insert(name.into(), secret.into())),
            ["row", key, value] => {
                let bytes = |text| hex::decode(text).expect("hexadecimal");
                fixture.rows.push((bytes(key), bytes(value)));
            }
            _ => panic!("no line of a fixture: {line}"),
        }
    }
    fixture
}

#[test]
fn todays_server_takes_the_tokens_sessions_and_links_of_then() {
    let Fixture { secrets, rows } = fixture();
    let (_, auth) = auth(&rows);
    block_on(async {
        let of_ada = auth.bearer(&secrets["of-ada"]).await?.expect("it is good");
        assert_eq!((of_ada.app.as_str(), of_ada.user.as_ref().map(|user| user.as_str())), ("shop", Some("ada")));
        let admin = auth.bearer(&secrets["admin"]).await?.expect("it is good");
        assert!(admin.user.is_none() && auth.tokens.is_admin(&admin.token).await?);
        assert!(!auth.tokens.is_admin(&of_ada.token).await?);
        let listed: Vec<_> = auth.tokens.list().await?.into_iter().map(|it| (it.name, it.expires_at)).collect();
        let ends = "2026-01-02T00:01:00Z".parse().ok();
        assert!(listed.len() == 2 && listed.contains(&("ci".into(), None)) && listed.contains(&("ada's".into(), ends)));
        for name in ["by-link", "by-token", "by-fixed"] {
            let session = auth.sessions.find(&secrets[name]).await?.expect(name);
            assert!(session.user == admin_user() && session.csrf.len() == 64, "{name}");
        }
        assert!(auth.tokens.revoke(&admin.token).await?);
        assert!(auth.sessions.find(&secrets["by-token"]).await?.is_none(), "it ends with its token");
        assert!(auth.sessions.redeem(&secrets["link"]).await? && !auth.sessions.redeem(&secrets["link"]).await?);
        Ok::<_, plugin_core::Error>(())
    })
    .expect("memory answers");
}

/// The fields of the rows, with what is random cut to its length.
#[test]
fn the_rows_of_the_server_have_the_fields_that_the_page_on_the_format_tells_of() {
    let mut found: BTreeMap<String, Vec<Json>> = BTreeMap::new();
    for (row, stored) in fixture().rows {
        let (app, key) = key::parse_document(&row).expect("documents alone");
        let mut value = Json::from(codec::open(&stored).expect("it can be read"));
        for field in value.as_object_mut().expect("an object").values_mut() {
            if let Json::String(text) = field
                && text.len() >= 16
                && text.bytes().all(|byte| byte.is_ascii_hexdigit())
            {
                *field = json!({ "hex": text.len() });
            }
        }
        found.entry(format!("{app} {}", key.len())).or_default().push(value);
    }
    found.values_mut().for_each(|rows| rows.sort_by_key(ToString::to_string));
    let (at, long, short) = ("2026-01-01T00:01:00.000Z", json!({ "hex": 64 }), json!({ "hex": 16 }));
    let session = |token: Json, fixed: Json| json!({ "user": "admin", "csrf": long, "token": token, "fixed": fixed, "opened_at": at, "seen_at": at });
    let expected = BTreeMap::from([
        ("links 64".to_owned(), vec![json!({ "ends_at": "2026-01-01T00:11:00.000Z" })]),
        (
            "sessions 64".to_owned(),
            vec![session(Json::Null, Json::Null), session(short, Json::Null), session(Json::Null, long.clone())],
        ),
        (
            "tokens 16".to_owned(),
            vec![
                json!({ "name": "ada's", "hash": long, "scopes": ["host", "notes:read"], "user": "ada", "app": "shop", "created_at": at, "expires_at": "2026-01-02T00:01:00.000Z" }),
                json!({ "name": "ci", "hash": long, "scopes": ["admin"], "user": null, "app": "default", "created_at": at, "expires_at": null }),
            ],
        ),
    ]);
    for (which, mut rows) in expected {
        rows.sort_by_key(ToString::to_string);
        assert_eq!(found.remove(&which), Some(rows), "{which}");
    }
    assert!(found.is_empty(), "{found:?}");
}
