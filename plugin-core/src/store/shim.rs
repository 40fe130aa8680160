//! Stands in for documents, filters and queries, with their calls and not their formats, limits or speed, until those are there.
#![allow(missing_docs, clippy::all, missing_debug_implementations)]
use super::{db::Db, engine::*, error::StoreError, key};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value as J;
use std::{
    future::{Future, IntoFuture},
    marker::PhantomData,
    pin::Pin,
};
type R<T> = Result<T, StoreError>;
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct Revision(pub u64);
#[derive(Debug, Clone)]
pub struct Versioned<T> {
    pub value: T,
    pub revision: Revision,
}
#[derive(Debug, Clone)]
pub struct Entry<T> {
    pub key: String,
    pub value: T,
    pub revision: Revision,
}
#[derive(Debug, Clone)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub next: Option<String>,
}
#[derive(Debug, Clone, Default)]
pub struct Filter(pub Vec<(String, String, J)>);
impl Filter {
    fn matches(&self, v: &J) -> bool {
        self.0.iter().all(|(path, op, want)| {
            let got = path.split('.').try_fold(v, |v, n| v.get(n));
            let got = got.unwrap_or(&J::Null);
            let cmp = |a: &J, b: &J| match (a, b) {
                (J::Number(a), J::Number(b)) => a.as_f64().partial_cmp(&b.as_f64()),
                (J::String(a), J::String(b)) => Some(a.cmp(b)),
                _ => None,
            };
            match op.as_str() {
                "eq" => got == want,
                "lt" => cmp(got, want) == Some(std::cmp::Ordering::Less),
                "gt" => cmp(got, want) == Some(std::cmp::Ordering::Greater),
                "gte" => matches!(cmp(got, want), Some(o) if o.is_ge()),
                "lte" => matches!(cmp(got, want), Some(o) if o.is_le()),
                "exists" => (!got.is_null()) == want.as_bool().unwrap_or(true),
                _ => false,
            }
        })
    }
}
#[macro_export]
macro_rules! query {
    (@put $f:ident [$($p:tt)*] { $($op:ident : $e:expr),* $(,)? }) => { $( $f.0.push((::core::stringify!($($p)*).replace(' ', ""), ::core::stringify!($op).to_owned(), $crate::__rt::serde_json::to_value(&$e).unwrap_or_default())); )* };
    (@put $f:ident [$($p:tt)*] $e:expr) => { $f.0.push((::core::stringify!($($p)*).replace(' ', ""), "eq".to_owned(), $crate::__rt::serde_json::to_value(&$e).unwrap_or_default())); };
    (@go $f:ident) => {};
    (@go $f:ident $a:ident $(. $b:ident)* : { $($body:tt)* } $(, $($rest:tt)*)?) => { $crate::query!(@put $f [$a $(. $b)*] { $($body)* }); $crate::query!(@go $f $($($rest)*)?); };
    (@go $f:ident $a:ident $(. $b:ident)* : $e:expr $(, $($rest:tt)*)?) => { $crate::query!(@put $f [$a $(. $b)*] $e); $crate::query!(@go $f $($($rest)*)?); };
    ($($all:tt)*) => {{ #[allow(unused_mut)] let mut f = $crate::store::shim::Filter::default(); $crate::query!(@go f $($all)*); f }};
}
fn io(e: serde_json::Error) -> StoreError {
    StoreError::Engine(EngineError::Corrupt(e.to_string()))
}
fn enc<T: Serialize>(rev: u64, v: &T) -> R<Vec<u8>> {
    let mut out = rev.to_be_bytes().to_vec();
    out.extend(serde_json::to_vec(v).map_err(io)?);
    Ok(out)
}
impl Db {
    async fn raw(&self, k: &str) -> R<Option<Vec<u8>>> {
        let got = self.engine.read(&self.keyspace, &[Read::Get(key::document(&self.app, k).into_bytes())]).await?;
        Ok(match got.into_iter().next() {
            Some(Got::Value(v)) => v,
            _ => None,
        })
    }
    pub async fn get<T: DeserializeOwned>(&self, k: &str) -> R<Option<T>> {
        Ok(self.get_versioned(k).await?.map(|v| v.value))
    }
    pub async fn get_versioned<T: DeserializeOwned>(&self, k: &str) -> R<Option<Versioned<T>>> {
        self.raw(k)
            .await?
            .map(|b| {
                Ok(Versioned {
                    revision: Revision(u64::from_be_bytes(b[..8].try_into().expect("8"))),
                    value: serde_json::from_slice(&b[8..]).map_err(io)?,
                })
            })
            .transpose()
    }
    async fn cas(&self, k: &str, old: Option<Vec<u8>>, change: Change) -> R<bool> {
        let pre = old.map_or(Precondition::Absent, |b| Precondition::Head(b[..8].to_vec()));
        match self
            .engine
            .commit(
                &self.keyspace,
                vec![Write { key: key::document(&self.app, k).into_bytes(), precondition: pre, change }],
                self.durability,
            )
            .await
        {
            Ok(()) => Ok(true),
            Err(EngineError::Conflict(_)) => Ok(false),
            Err(e) => Err(e.into()),
        }
    }
    pub async fn set<T: Serialize + ?Sized>(&self, k: &str, v: &T) -> R<()> {
        loop {
            let old = self.raw(k).await?;
            let rev = old.as_ref().map_or(1, |b| u64::from_be_bytes(b[..8].try_into().expect("8")) + 1);
            let new = enc(rev, &v)?;
            if self.cas(k, old, Change::Put(new)).await? {
                return Ok(());
            }
        }
    }
    pub async fn set_if<T: Serialize + ?Sized>(&self, k: &str, v: &T, rev: impl Into<Option<Revision>>) -> R<Revision> {
        let rev: Option<Revision> = rev.into();
        let old = rev.map(|r| r.0.to_be_bytes().to_vec());
        let next = rev.map_or(1, |r| r.0 + 1);
        if self.cas(k, old, Change::Put(enc(next, &v)?)).await? {
            Ok(Revision(next))
        } else {
            Err(StoreError::Conflict)
        }
    }
    pub async fn increment(&self, k: &str, by: i64) -> R<i64> {
        loop {
            let old: Option<Versioned<i64>> = self.get_versioned(k).await?;
            let n = old.as_ref().map_or(0, |v| v.value) + by;
            match self.set_if(k, &n, old.map(|v| v.revision)).await {
                Ok(_) => return Ok(n),
                Err(StoreError::Conflict) => continue,
                Err(e) => return Err(e),
            }
        }
    }
    pub async fn delete(&self, k: &str) -> R<bool> {
        loop {
            let old = self.raw(k).await?;
            if old.is_none() {
                return Ok(false);
            }
            if self.cas(k, old, Change::Delete).await? {
                return Ok(true);
            }
        }
    }
    async fn all(&self, prefix: &str) -> R<Vec<Entry<J>>> {
        let mut range = key::document(&self.app, prefix).range();
        let mut out = vec![];
        loop {
            let got = self
                .engine
                .read(
                    &self.keyspace,
                    &[Read::Scan(Scan {
                        range: range.clone(),
                        limit: 1000,
                        bytes: usize::MAX,
                        direction: Direction::Forward,
                        wanted: Wanted::Entries,
                    })],
                )
                .await?;
            let Some(Got::Entries(e)) = got.into_iter().next() else { return Ok(out) };
            for (k, v) in &e.rows {
                if let Some((_, name)) = key::parse_document(k) {
                    out.push(Entry {
                        key: name.to_owned(),
                        revision: Revision(u64::from_be_bytes(v[..8].try_into().expect("8"))),
                        value: serde_json::from_slice(&v[8..]).map_err(io)?,
                    });
                }
            }
            if !e.more {
                return Ok(out);
            }
            let mut n = e.rows.last().expect("more").0.clone();
            n.push(0);
            range.start = n;
        }
    }
    pub fn keys(&self, prefix: &str) -> Keys {
        Keys { db: self.clone(), prefix: prefix.to_owned(), limit: 1000, after: None }
    }
    pub fn count(&self, f: Filter) -> Count {
        Count { db: self.clone(), f, under: String::new() }
    }
    pub fn find<T: DeserializeOwned + Send + 'static>(&self, f: Filter) -> Find<T> {
        Find { db: self.clone(), f, under: String::new(), sort: vec![], limit: 100, after: None, t: PhantomData }
    }
}
type B<T> = Pin<Box<dyn Future<Output = R<T>> + Send>>;
pub struct Keys {
    db: Db,
    prefix: String,
    limit: usize,
    after: Option<String>,
}
impl Keys {
    pub fn limit(mut self, n: usize) -> Self {
        self.limit = n;
        self
    }
    pub fn after(mut self, c: impl Into<Option<String>>) -> Self {
        self.after = c.into();
        self
    }
}
impl IntoFuture for Keys {
    type Output = R<Page<String>>;
    type IntoFuture = B<Page<String>>;
    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let mut ks: Vec<String> = self
                .db
                .all(&self.prefix)
                .await?
                .into_iter()
                .map(|e| e.key)
                .filter(|k| self.after.as_ref().is_none_or(|a| k > a))
                .collect();
            let more = ks.len() > self.limit;
            ks.truncate(self.limit);
            let next = ks.last().filter(|_| more).cloned();
            Ok(Page { items: ks, next })
        })
    }
}
pub struct Count {
    db: Db,
    f: Filter,
    under: String,
}
impl Count {
    pub fn under(mut self, p: &str) -> Self {
        self.under = p.to_owned();
        self
    }
}
impl IntoFuture for Count {
    type Output = R<u64>;
    type IntoFuture = B<u64>;
    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            Ok(self.db.all(&self.under).await?.iter().filter(|e| self.f.matches(&e.value)).count() as u64)
        })
    }
}
pub struct Find<T> {
    db: Db,
    f: Filter,
    under: String,
    sort: Vec<String>,
    limit: usize,
    after: Option<String>,
    t: PhantomData<fn() -> T>,
}
impl<T> Find<T> {
    pub fn under(mut self, p: &str) -> Self {
        self.under = p.to_owned();
        self
    }
    pub fn sort(mut self, p: &str) -> Self {
        self.sort.push(p.to_owned());
        self
    }
    pub fn limit(mut self, n: usize) -> Self {
        self.limit = n;
        self
    }
    pub fn after(mut self, c: impl Into<Option<String>>) -> Self {
        self.after = c.into();
        self
    }
}
impl<T: DeserializeOwned + Send + 'static> IntoFuture for Find<T> {
    type Output = R<Page<Entry<T>>>;
    type IntoFuture = B<Page<Entry<T>>>;
    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let mut es: Vec<Entry<J>> =
                self.db.all(&self.under).await?.into_iter().filter(|e| self.f.matches(&e.value)).collect();
            if let Some(s) = self.sort.first() {
                let (d, f) = s.strip_prefix('-').map_or((false, s.as_str()), |f| (true, f));
                es.sort_by(|a, b| {
                    let o = a.value[f].as_str().cmp(&b.value[f].as_str());
                    if d { o.reverse() } else { o }
                });
            }
            let skip: usize = self.after.and_then(|a| a.parse().ok()).unwrap_or(0);
            let more = es.len() > skip + self.limit;
            let items = es
                .into_iter()
                .skip(skip)
                .take(self.limit)
                .map(|e| {
                    Ok(Entry { key: e.key, revision: e.revision, value: serde_json::from_value(e.value).map_err(io)? })
                })
                .collect::<R<Vec<_>>>()?;
            Ok(Page { items, next: more.then(|| (skip + self.limit).to_string()) })
        })
    }
}
