//! Keeps a proxy's configuration current.

use std::sync::Arc;

use sealane_ads::local::{Subscriber, Update};
use sealane_proxy::proxy::Proxy;
use sealane_runtime::Runtime;

use crate::task::Task;

/// Takes the first configuration, and then every one that follows. Returns when the first one is
/// served, or refused; `None` when there will be none.
pub async fn follow(proxy: Arc<Proxy>, mut subscriber: Subscriber) -> Option<Task> {
    let first = subscriber.next().await?;
    let mut runtime = take(&proxy, &mut subscriber, &first, None);
    Some(Task::start(async move {
        while let Some(update) = subscriber.next().await {
            let taken = take(&proxy, &mut subscriber, &update, runtime.as_ref());
            runtime = taken.or(runtime);
        }
    }))
}

fn take(
    proxy: &Proxy,
    subscriber: &mut Subscriber,
    update: &Update,
    before: Option<&Runtime>,
) -> Option<Runtime> {
    match Runtime::build(&update.resources, before) {
        Ok(runtime) => {
            proxy.install(runtime.clone());
            subscriber.ack(update);
            Some(runtime)
        }
        Err(errors) => {
            let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
            let errors = errors.join("; ");
            tracing::warn!(proxy = %proxy.id(), %errors, "a configuration is refused");
            subscriber.nack(update, &errors);
            None
        }
    }
}
