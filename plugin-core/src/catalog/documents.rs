//! What must hold of the typed documents of each plugin, and of the indexes over its data.

use std::collections::BTreeMap;

use crate::{
    catalog::{
        Catalog,
        problem::{Code, Problem},
    },
    document::{DocumentItem, MigrationItem, Standing},
    site::{Placed, Site},
    store::{
        index::IndexMeta,
        typed::{self, Content, Field, Flaw, Of, Shape},
    },
};

/// What is declared of a collection.
#[derive(Default)]
struct Collection {
    current: Vec<Placed<DocumentItem>>,
    retired: Vec<Placed<DocumentItem>>,
    migrations: Vec<Placed<MigrationItem>>,
}

/// Versions that are declared twice, and migrations that do not lead from the oldest to the current one, a step at a time.
pub(super) fn versions(catalog: &Catalog, problems: &mut Vec<Problem>) {
    let mut collections: BTreeMap<(&str, &str), Collection> = BTreeMap::new();
    for document in catalog.documents() {
        let (plugin, meta) = (document.item.owner.id, &document.item.meta);
        let collection = collections.entry((plugin, meta.collection)).or_default();
        match document.item.standing {
            Standing::Current => collection.current.push(document),
            Standing::Retired => collection.retired.push(document),
        }
    }
    for migration in catalog.migrations() {
        let (plugin, meta) = (migration.item.owner.id, &migration.item.meta);
        collections.entry((plugin, meta.collection)).or_default().migrations.push(migration);
    }
    for ((plugin, name), collection) in collections {
        let whose = format!("`{name}` of the plugin `{plugin}`");
        collection.declared_once(&whose, problems);
        collection.leads_on(&whose, problems);
    }
}

impl Collection {
    fn declared_once(&self, whose: &str, problems: &mut Vec<Problem>) {
        let mut duplicate = |detail: String, help: &str, sites: [&'static Site; 2]| {
            problems.push(Problem::new(Code::DuplicateDocument, detail, help).at(sites));
        };
        for pair in self.current.windows(2) {
            duplicate(
                format!("two types are the documents {whose}"),
                "give one of them another collection, or mark the older one `retired`",
                [pair[0].site, pair[1].site],
            );
        }
        let mut versions: BTreeMap<u16, &'static Site> = BTreeMap::new();
        // Two that are current were named above.
        for document in self.current.iter().take(1).chain(&self.retired) {
            let version = document.item.meta.version;
            if let Some(first) = versions.insert(version, document.site) {
                duplicate(
                    format!("two types are version {version} of the documents {whose}"),
                    "give the newer one the next version",
                    [first, document.site],
                );
            }
        }
    }

    fn leads_on(&self, whose: &str, problems: &mut Vec<Problem>) {
        let mut broken = |detail: String, help: String, sites: Vec<&'static Site>| {
            problems.push(Problem::new(Code::BrokenMigrations, detail, help).at(sites));
        };
        let Some(current) = self.current.first() else {
            broken(
                format!("the documents {whose} have versions that are retired, and none that is current"),
                "declare the current one, or take `retired` off the newest".to_owned(),
                self.retired.iter().map(|it| it.site).collect(),
            );
            return;
        };
        let newest = current.item.meta.version;
        for retired in self.retired.iter().filter(|it| it.item.meta.version > newest) {
            let version = retired.item.meta.version;
            broken(
                format!(
                    "version {version} of the documents {whose} is retired, and newer than version {newest}, which is current"
                ),
                format!("give the current one version {}", u32::from(version) + 1),
                vec![retired.site, current.site],
            );
        }
        let mut from: BTreeMap<u16, Vec<&'static Site>> = BTreeMap::new();
        for migration in &self.migrations {
            from.entry(migration.item.meta.from).or_default().push(migration.site);
        }
        for (version, sites) in &from {
            if sites.len() > 1 {
                broken(
                    format!("{} migrations start from version {version} of the documents {whose}", sites.len()),
                    "keep one of them".to_owned(),
                    sites.clone(),
                );
            }
        }
        let oldest = self.retired.iter().map(|it| it.item.meta.version).chain(from.keys().copied()).min();
        for version in oldest.unwrap_or(newest)..newest {
            if !from.contains_key(&version) {
                let next = version + 1;
                broken(
                    format!("no migration leads from version {version} of the documents {whose} to version {next}"),
                    format!("write one: `#[migrate(from = {version})] fn …(old: …) -> …`"),
                    vec![current.site],
                );
            }
        }
    }
}

/// Indexes of one plugin over the same documents and fields.
pub(super) fn indexes(catalog: &Catalog, problems: &mut Vec<Problem>) {
    for plugin in catalog.plugins() {
        let of_documents = catalog.documents().into_iter().filter(|it| it.item.owner.id == plugin.id());
        let of_documents = of_documents.flat_map(|it| it.item.meta.indexes.iter().map(move |index| (index, it.site)));
        let of_plugin = plugin.item.meta.indexes.iter().map(|index| (index, plugin.site));
        let mut seen: Vec<(&IndexMeta, &'static Site)> = Vec::new();
        for (index, site) in of_plugin.chain(of_documents) {
            let same = |(other, _): &&(&IndexMeta, _)| other.prefix == index.prefix && other.fields == index.fields;
            match seen.iter().find(same) {
                Some((_, first)) => problems.push(
                    Problem::new(
                        Code::DuplicateIndex,
                        format!("the plugin `{}` declares the index `{index}` twice", plugin.id()),
                        "keep one of the declarations; `unique` and `sparse` do not make it another index",
                    )
                    .at([first, &site]),
                ),
                None => seen.push((index, site)),
            }
        }
    }
}

/// Fields of indexes that no document of the type can have. Those of the type itself were checked when it was compiled, those within them
/// are known here.
pub(super) fn indexed_fields(catalog: &Catalog, problems: &mut Vec<Problem>) {
    for document in catalog.documents() {
        let meta = &document.item.meta;
        for path in meta.indexes.iter().flat_map(|index| index.fields).map(|field| field.path) {
            let steps: Vec<&str> = path.split('.').collect();
            if !has((meta.shape)(), &steps) {
                problems.push(
                    Problem::new(
                        Code::UnknownIndexField,
                        format!(
                            "an index of the documents `{}` of the plugin `{}` names `{path}`, which none of them can have",
                            meta.collection, document.item.owner.id
                        ),
                        "write the names as they are in documents, camelCase unless the type says otherwise",
                    )
                    .at([document.site]),
                );
            }
        }
    }
}

/// Fields of which no value, or next to none, could be stored. What is retired was stored, whatever it says.
pub(super) fn shapes(catalog: &Catalog, problems: &mut Vec<Problem>) {
    for document in catalog.documents().into_iter().filter(|it| it.item.standing == Standing::Current) {
        let meta = &document.item.meta;
        for (path, flaw) in typed::flaws((meta.shape)()) {
            let (collection, plugin) = (meta.collection, document.item.owner.id);
            let (what, help) = match flaw {
                Flaw::Key(found) => (
                    format!("is a map with {found} for a key, which is no name of a field"),
                    "let the key be a text, a number, a bool, a time or an enum without content, or keep a list of pairs",
                ),
                Flaw::NoBytes => (
                    "is a list of things that take no bytes, so that nothing would stand for their number".to_owned(),
                    "count them in a number instead",
                ),
            };
            let detail = format!("`{path}` in the documents `{collection}` of the plugin `{plugin}` {what}");
            problems.push(Problem::new(Code::Unstorable, detail, help).at([document.site]));
        }
    }
}

/// Whether values of this shape may have something at the end of the steps.
fn has(shape: &Shape, steps: &[&str]) -> bool {
    let Some((step, rest)) = steps.split_first() else { return true };
    match shape {
        Shape::Any => true,
        Shape::Option(inner) => has(inner(), steps),
        Shape::Map { value, .. } => has(value(), rest),
        Shape::Seq(item) => step.parse::<usize>().is_ok() && has(item(), rest),
        Shape::Tuple(items) => has_item(items, steps),
        Shape::Struct(fields) => has_field(fields, steps),
        Shape::Enum(variants) => {
            variants.iter().find(|variant| variant.name == *step).is_some_and(|variant| match &variant.content {
                Content::Unit => false,
                Content::Newtype(inner) => has(inner(), rest),
                Content::Tuple(items) => rest.is_empty() || has_item(items, rest),
                Content::Struct(fields) => rest.is_empty() || has_field(fields, rest),
            })
        }
        _ => false,
    }
}

fn has_item(items: &[Of], steps: &[&str]) -> bool {
    let place = steps.first().and_then(|step| step.parse::<usize>().ok());
    place.and_then(|place| items.get(place)).is_some_and(|item| has(item(), steps.get(1..).unwrap_or_default()))
}

fn has_field(fields: &[Field], steps: &[&str]) -> bool {
    let field = steps.first().and_then(|step| fields.iter().find(|field| field.name == *step));
    field.is_some_and(|field| has((field.shape)(), steps.get(1..).unwrap_or_default()))
}

#[cfg(test)]
mod tests;
