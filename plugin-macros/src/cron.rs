//! `#[cron("0 2 * * *", timezone = "Europe/Berlin")]`

use std::time::Duration;

use plugin_syntax::{Schedule, ScheduleError, Zone};
use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::LitStr;

use crate::{
    emit::{Registration, attribute, duration, option, rt},
    errors::Errors,
    handler::{Handler, Shape, Takes},
    names::{given_name, item_name},
    options::{Options, Read},
};

/// What the attribute says.
struct Job {
    schedule: String,
    timezone: Option<String>,
    catch_up: &'static str,
    timeout: Option<Duration>,
    name: String,
    handler: Handler,
}

const SHAPE: Shape = Shape { who: "a cron job", takes: Takes::Maybe { example: "CronRun" } };

pub(crate) fn expand(args: TokenStream, item: TokenStream) -> TokenStream {
    attribute(args, item, |options, item, errors| read(options, item, errors).map(|job| emit(&job)))
}

fn read(options: &mut Options, item: &TokenStream, errors: &mut Errors) -> Option<Job> {
    let text = options.leading_text();
    let zone = options.text("timezone", errors, Zone::parse);
    // The only choice is the default too: writing it out says what happens.
    options.choice("overlap", &[("skip", ())], errors);
    let catch_up = options.choice("catch_up", &[("one", "One"), ("none", "None")], errors).unwrap_or("One");
    let timeout = options.text("timeout", errors, plugin_syntax::duration).map(|timeout| timeout.value);
    let name = given_name(options, errors);
    let handler = Handler::read(SHAPE, item, options, errors);
    let place = handler.as_ref().map_or(Span::call_site(), |handler| handler.ident.span());
    match &text {
        Some(text) => check(text, zone.as_ref(), errors),
        None => errors.at_span(
            place,
            "a cron job has a schedule: `#[cron(\"0 2 * * *\")]`, or an interval such as `#[cron(\"1h\")]`",
        ),
    }
    let handler = handler?;
    let name = item_name(name, &handler.ident, errors);
    let timezone = zone.map(|zone| zone.value.name().to_owned());
    Some(Job { schedule: text?.value(), timezone, catch_up, timeout, name, handler })
}

fn check(text: &LitStr, zone: Option<&Read<Zone>>, errors: &mut Errors) {
    match Schedule::parse(&text.value(), zone.map(|zone| zone.value.clone())) {
        Ok(_) => {}
        Err(why @ ScheduleError::ZoneWithInterval { .. }) => {
            errors.at_span(zone.map_or(text.span(), |zone| zone.span), why);
        }
        Err(why) => errors.at(text, why),
    }
}

fn emit(job: &Job) -> Registration {
    let Job { schedule, timezone, catch_up, timeout, name, handler } = job;
    let rt = rt(Span::call_site());
    let catch_up = format_ident!("{catch_up}");
    let (timezone, timeout) = (option(timezone.as_ref()), option(timeout.map(duration)));
    let meta = quote!(#rt::cron::Meta {
        schedule: #schedule,
        timezone: #timezone,
        catch_up: #rt::CatchUp::#catch_up,
        timeout: #timeout,
    });
    let args = handler.args_tuple();
    let item = handler.constructor(Span::call_site(), "cron", &quote!(#args,), &meta);
    handler.registration(name, item)
}
