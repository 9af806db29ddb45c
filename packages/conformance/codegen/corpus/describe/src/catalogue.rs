//! The services of the corpus. The check counts the traits in the sources, so none can be missing.

use std::collections::{BTreeSet, HashMap};
use std::convert::Infallible as Never;
use std::time::Duration;

use results::{Answer, Error};
use roam::RoamError;
use roam::session::ServiceDescriptor;
use wild::api::v2::{ApiResult, User, UserId, UsersV2Client};

pub struct Entry {
    /// Name of the package.
    pub package: &'static str,
    pub descriptor: &'static ServiceDescriptor,
}

#[rustfmt::skip]
pub fn services() -> Vec<Entry> {
    let of = |package, descriptor| Entry { package, descriptor };
    vec![
        of("billing", billing::billing_service_descriptor()),
        of("billing", billing::ledger_service_descriptor()),
        of("billing", billing::payments::payments_service_descriptor()),
        of("billing", billing::subscriptions::subscriptions_service_descriptor()),
        of("chat", chat::chat_service_descriptor()),
        of("chat", chat::moderation::moderation_service_descriptor()),
        of("chat", chat::presence::presence_service_descriptor()),
        of("edge", edge::edge_service_descriptor()),
        of("edge", edge::globs::globs_service_descriptor()),
        of("edge", edge::visibility::visibility_service_descriptor()),
        of("edge", edge::plain::inline_files_service_descriptor()),
        of("editor", editor::editor_service_descriptor()),
        of("editor", editor::completion::completion_service_descriptor()),
        of("editor", editor::diagnostics::diagnostics_service_descriptor()),
        of("editor", editor::tree::scopes_service_descriptor()),
        of("facade", facade::facade_service_descriptor()),
        of("facade", facade::second::gateway_service_descriptor()),
        of("files", files::storage::files_service_descriptor()),
        of("files", files::search::search_service_descriptor()),
        of("files", files::uploads::uploads_service_descriptor()),
        of("files", files::watcher::watcher_service_descriptor()),
        of("forms", forms::attributes::attributes_service_descriptor()),
        of("forms", forms::containers::containers_service_descriptor()),
        of("forms", forms::enums::enums_service_descriptor()),
        of("forms", forms::std_types::leases_service_descriptor()),
        of("departures", departures::hidden_service_descriptor()),
        of("forms", forms::pointers::pointers_service_descriptor()),
        of("forms", forms::primitives::primitives_service_descriptor()),
        of("forms", forms::structs::structs_service_descriptor()),
        of("game", game::game_service_descriptor()),
        of("game", game::lobby_service_descriptor()),
        of("departures", departures::identity::identity_service_descriptor()),
        of("generic", generic::generics_service_descriptor()),
        of("generic", generic::shared_service_descriptor()),
        of("generic", generic::consts::consts_service_descriptor()),
        of("generic", generic::shadows::shadows_service_descriptor()),
        of("names", names::http_server2_go_service_descriptor()),
        of("names", names::io_service_service_descriptor()),
        of("names", names::snake_service_service_descriptor()),
        of("names", names::underscored_service_descriptor()),
        of("names", names::conditions::conditions_service_descriptor()),
        of("names", names::docs::commented_service_descriptor()),
        of("names", names::keywords::keywords_service_descriptor()),
        of("names", names::scripts::übersetzer_service_descriptor()),
        of("ops", ops::deploy::deploy_service_descriptor()),
        of("ops", ops::flags::flags_service_descriptor()),
        of("ops", ops::jobs::jobs_service_descriptor()),
        of("ops", ops::secrets::secrets_service_descriptor()),
        of("results", results::fallible_service_descriptor()),
        of("results", results::infallible_service_descriptor()),
        of("streams", streams::plain_service_descriptor()),
        of("streams", streams::credits_service_descriptor()),
        of("streams", streams::inside_service_descriptor()),
        of("telemetry", telemetry::alerts::alerts_service_descriptor()),
        of("telemetry", telemetry::logs::logs_service_descriptor()),
        of("telemetry", telemetry::metrics::metrics_service_descriptor()),
        of("telemetry", telemetry::traces::traces_service_descriptor()),
        of("the-maze", maze::cellar::cellar_service_descriptor()),
        of("the-maze", maze::diving_service_descriptor()),
        of("the-maze", maze::entrance_service_descriptor()),
        of("wild-west", wild::wild_service_descriptor()),
        of("wild-west", wild::api::v1::users_v1_service_descriptor()),
        of("wild-west", wild::api::v2::users_v2_service_descriptor()),
        of("wild-west", wild::borrowed::borrowing_service_descriptor()),
        of("wild-west", wild::config::config_service_descriptor()),
    ]
}

/// Methods that return a `Result` and are infallible to the macro, because they do not spell it out.
pub fn infallible() -> BTreeSet<&'static str> {
    BTreeSet::from([
        "Infallible.outcome",
        "Infallible.done",
        "Infallible.short",
        "Infallible.renamed",
        "Infallible.either",
        "Infallible.boxed",
        "UsersV2.find",
        "UsersV2.session",
        "Wild.spelled",
    ])
}

/// Never called: that it compiles shows what the macro makes of each spelling.
#[allow(dead_code)]
fn stated(
    infallible: results::InfallibleClient,
    fallible: results::FallibleClient,
    (users, id): (UsersV2Client, UserId),
    wild: wild::WildClient,
) {
    answers::<ApiResult<Vec<User>>, Never>(users.find(HashMap::new()));
    answers::<ApiResult<Duration>, Never>(users.session(id, Duration::ZERO));
    answers::<Result<wild::Settings, wild::Level>, Never>(wild.spelled());
    answers::<results::Outcome<Answer>, Never>(infallible.outcome(1));
    answers::<results::Done, Never>(infallible.done());
    answers::<results::short::Result<Answer>, Never>(infallible.short());
    answers::<Result<Answer, Error>, Never>(infallible.renamed());
    answers::<Result<Answer, Error>, Never>(infallible.either());
    answers::<Box<Result<u8, Error>>, Never>(infallible.boxed());
    answers::<Answer, Error>(fallible.plain(1));
    answers::<Answer, Error>(fallible.full());
    answers::<(), ()>(fallible.core_path());
    answers::<Answer, String>(fallible.two_of_short());
    answers::<Result<Answer, u8>, Error>(fallible.nested_ok());
}

fn answers<T, E>(_call: impl Future<Output = Result<T, RoamError<E>>>) {}
