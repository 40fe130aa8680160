#[allow(dead_code)]
async fn broken<T>(ctx: Context<Analytics>, ended: ConversationEnd) {
    ended.forget()
}
::core::compile_error! {
    "`conversation` is not the name of a hook, filter or event: two parts of letters, digits and `-`, joined by `:`, as in `conversation:end` or `message:beforeSend`"
}
::core::compile_error! {
    "`priority` takes a whole number from -2147483648 to 2147483647"
}
::core::compile_error! {
    "a hook has no generic parameters: the host would not know them"
}
::core::compile_error! {
    "the first parameter is the context, taken by reference: `&Context<Analytics>`"
}
::core::compile_error! {
    "a hook takes its payload by reference: `&ConversationEnd`"
}
::core::compile_error! {
    "unknown option `tiemout` (did you mean `timeout`?); this attribute takes: `name`, `priority`, `timeout`, `plugin`"
}
