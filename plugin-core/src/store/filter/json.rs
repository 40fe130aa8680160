//! Filters from JSON: `{"userId": "ada", "endedAt": {"$gt": "2026-07-01T00:00:00Z"}, "$or": [{…}, {…}]}`.

use serde_json::{Map, Value as Json};

use super::{Field, Filter, FilterError, field};

/// How deep conditions may lie in one another.
pub(super) const MAX_DEPTH: usize = 32;

impl Filter {
    /// Reads a filter: an object whose fields must all hold.
    ///
    /// A field is a dotted path and what it must equal, or an object of operators: `$eq $ne $gt $gte $lt $lte $in $exists
    /// $prefix`, and `$not` with such an object. `$and` and `$or` take an array of filters, `$not` a filter.
    ///
    /// ```
    /// use plugin_core::store::{filter::Filter, value::Value};
    /// use serde_json::json;
    ///
    /// let filter = Filter::from_json(&json!({ "user": "ada", "messages": { "$gte": 2, "$lt": 10 } }))?;
    /// assert!(filter.matches(&Value::from(json!({ "user": "ada", "messages": 2 }))));
    /// # Ok::<_, plugin_core::store::filter::FilterError>(())
    /// ```
    ///
    /// # Errors
    /// [`FilterError`], with the place in the filter.
    pub fn from_json(json: &Json) -> Result<Self, FilterError> {
        let filter = filter(json, "", 0)?;
        filter.0.map(|tree| Self(Ok(tree)))
    }
}

fn kind(json: &Json) -> &'static str {
    super::Value::from(match json {
        // The kind alone is wanted, not a copy of what is inside.
        Json::Array(_) => Json::Array(Vec::new()),
        Json::Object(_) => Json::Object(Map::new()),
        other => other.clone(),
    })
    .kind()
}

fn refused(path: &str, operator: &'static str, takes: &'static str, found: &Json) -> FilterError {
    FilterError::Operand { path: path.into(), operator, takes, found: kind(found) }
}

fn inside(place: &str, step: &str) -> String {
    if place.is_empty() { step.into() } else { format!("{place}.{step}") }
}

fn filter(json: &Json, place: &str, depth: usize) -> Result<Filter, FilterError> {
    if depth == MAX_DEPTH {
        return Err(FilterError::TooDeep);
    }
    let Json::Object(fields) = json else {
        return Err(refused(place, "a filter", "an object", json));
    };
    let each = fields.iter().map(|(name, json)| match name.strip_prefix('$') {
        None => condition(name, json, depth),
        Some("and") => filters(json, &inside(place, name), "$and", depth).map(Filter::every),
        Some("or") => filters(json, &inside(place, name), "$or", depth).map(Filter::any),
        Some("not") => filter(json, &inside(place, name), depth + 1).map(|filter| !filter),
        Some(_) => Err(FilterError::UnknownOperator { path: place.into(), operator: name.clone() }),
    });
    each.collect::<Result<Vec<_>, _>>().map(Filter::every)
}

fn filters(json: &Json, place: &str, operator: &'static str, depth: usize) -> Result<Vec<Filter>, FilterError> {
    let Json::Array(filters) = json else {
        return Err(refused(place, operator, "an array of filters", json));
    };
    filters.iter().enumerate().map(|(at, json)| filter(json, &inside(place, &at.to_string()), depth + 1)).collect()
}

/// What one field must be: a value, or what an object of operators says.
fn condition(path: &str, json: &Json, depth: usize) -> Result<Filter, FilterError> {
    match json {
        Json::Object(fields) if fields.keys().any(|name| name.starts_with('$')) => operators(path, fields, depth),
        value => Ok(field(path).eq(value)),
    }
}

fn operators(path: &str, fields: &Map<String, Json>, depth: usize) -> Result<Filter, FilterError> {
    if depth == MAX_DEPTH {
        return Err(FilterError::TooDeep);
    }
    let each = fields.iter().map(|(name, operand)| {
        let compare: fn(Field, &Json) -> Filter = match &**name {
            "$eq" => |field, operand| field.eq(operand),
            "$ne" => |field, operand| field.ne(operand),
            "$gt" => |field, operand| field.gt(operand),
            "$gte" => |field, operand| field.gte(operand),
            "$lt" => |field, operand| field.lt(operand),
            "$lte" => |field, operand| field.lte(operand),
            "$in" => |field, operand| field.one_of(operand),
            "$prefix" => |field, operand| field.prefix(operand),
            "$exists" => match operand {
                Json::Bool(true) => |field, _| field.exists(),
                Json::Bool(false) => |field, _| field.missing(),
                other => return Err(refused(path, "$exists", "true or false", other)),
            },
            "$not" => match operand {
                Json::Object(fields) => return operators(path, fields, depth + 1).map(|filter| !filter),
                other => return Err(refused(path, "$not", "an object of operators", other)),
            },
            _ => return Err(FilterError::UnknownOperator { path: path.into(), operator: name.clone() }),
        };
        Ok(compare(field(path), operand))
    });
    each.collect::<Result<Vec<_>, _>>().map(Filter::every)
}
