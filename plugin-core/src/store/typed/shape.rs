//! What the bytes of a type mean: enough to read them as a [`Value`](crate::store::Value), to find one field among them, and to tell
//! one type from another.

/// The shape of a part, asked for when it is needed: so a type may hold itself.
pub type Of = fn() -> &'static Shape;

/// How the bytes of a type are to be read.
#[derive(Debug)]
#[non_exhaustive]
pub enum Shape {
    /// Nothing; null.
    Unit,
    /// One byte, 0 or 1.
    Bool,
    /// An integer without a sign.
    U8,
    /// An integer without a sign.
    U16,
    /// An integer without a sign.
    U32,
    /// An integer without a sign.
    U64,
    /// An integer.
    I8,
    /// An integer.
    I16,
    /// An integer.
    I32,
    /// An integer.
    I64,
    /// A float.
    F32,
    /// A float.
    F64,
    /// One character; a string.
    Char,
    /// A text.
    String,
    /// An instant.
    Time,
    /// A value that says itself what it is.
    Any,
    /// Something or null.
    Option(Of),
    /// Any number of the same.
    Seq(Of),
    /// Values by key.
    Map {
        /// What the keys are: texts or integers.
        key: Of,
        /// What the values are.
        value: Of,
    },
    /// One after another; an array.
    Tuple(&'static [Of]),
    /// Fields by name, stored in this order.
    Struct(&'static [Field]),
    /// One of several.
    Enum(&'static [Variant]),
}

/// A field of a struct.
#[derive(Debug)]
pub struct Field {
    /// Its name in JSON.
    pub name: &'static str,
    /// What it holds.
    pub shape: Of,
}

/// One of the things that an enum may be, numbered by its place.
#[derive(Debug)]
pub struct Variant {
    /// Its name in JSON.
    pub name: &'static str,
    /// What it holds.
    pub content: Content,
}

/// What a variant holds.
#[derive(Debug)]
pub enum Content {
    /// Nothing: its name alone.
    Unit,
    /// One thing: an object of one field.
    Newtype(Of),
    /// Several, one after another.
    Tuple(&'static [Of]),
    /// Fields by name.
    Struct(&'static [Field]),
}
