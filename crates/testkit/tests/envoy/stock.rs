//! A mesh whose proxies are stock Envoys with the resources that Sealane compiles.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use futures_util::{StreamExt, stream};
use sealane_compile::{Snapshot, compile};
use sealane_mesh::network::Network;
use sealane_model::diagnostic::Diagnostic;
use sealane_seam::{Descriptors, LocalSpawner, TcpTransport, TokioClock, Transport};
use sealane_testkit::client::{self, Answer};
use sealane_testkit::evidence::assemble;
use sealane_testkit::ground::{self, Ground};
use sealane_testkit::mesh::Mesh;
use sealane_testkit::observed::Observed;
use sealane_testkit::scenario::call::CallItem;
use sealane_testkit::scenario::options::Options;
use sealane_testkit::scenario::{Scenario, Step};
use sealane_testkit::settings;
use sealane_world::echo::{Echo, EchoOutside, MemoryRecorder};
use sealane_world::workloads::WorldPod;
use sealane_world::world::World;

use super::process::Envoy;

/// Echo workloads on sockets of loopback, and an Envoy for each caller.
pub(crate) struct StockMesh {
    binary: PathBuf,
    file: String,
    options: Options,
    ground: Ground,
    world: World,
    network: Network,
    echoes: BTreeMap<(String, String), Echo>,
    arrivals: Arc<MemoryRecorder>,
    /// The proxies of this generation, by their pods; a static bootstrap cannot change.
    proxies: BTreeMap<String, Envoy>,
    /// Calls made so far; each has a number of its own.
    made: u32,
}

impl StockMesh {
    /// A mesh in which nothing is declared. It lives on the current `LocalSet`.
    pub(crate) fn new(binary: PathBuf, scenario: &Scenario) -> Self {
        let mut ground = Ground::new();
        Self {
            binary,
            file: scenario.file.clone(),
            options: scenario.options.clone(),
            world: ground.world(),
            ground,
            network: Network::sockets(&Descriptors::unlimited()),
            echoes: BTreeMap::new(),
            arrivals: Arc::default(),
            proxies: BTreeMap::new(),
            made: 0,
        }
    }

    fn changed(&mut self, step: &Step) -> Result<()> {
        let applied = self.ground.change(step, &self.file);
        let applied = applied.map_err(anyhow::Error::msg)?;
        if let Some(error) = applied
            .diagnostics
            .iter()
            .find(|it| Diagnostic::is_error(it))
        {
            bail!("{error}");
        }
        self.world = self.ground.world();
        self.proxies.clear();
        let specs = self.world.echoes();
        self.echoes.retain(|pod, _| specs.contains_key(pod));
        for (pod, spec) in specs {
            match self.echoes.get_mut(&pod) {
                Some(echo) if echo.spec().address == spec.address => echo.update(spec)?,
                _ => {
                    let outside = EchoOutside {
                        transport: self.network.of_pod(spec.address),
                        spawner: Rc::new(LocalSpawner),
                        clock: Arc::new(TokioClock::real()),
                        recorder: Arc::<MemoryRecorder>::clone(&self.arrivals),
                    };
                    self.echoes.insert(pod, Echo::start(spec, outside)?);
                }
            }
        }
        Ok(())
    }

    /// What Sealane compiles for the proxy of `caller`, served by an Envoy.
    async fn proxy(&self, caller: &WorldPod) -> Result<Envoy> {
        let mesh = settings::mesh(&self.options).map_err(anyhow::Error::msg)?;
        let snapshot = Snapshot::new(&self.world.objects, mesh, 1);
        let compiled = compile(&snapshot, &settings::identity(caller, &self.options));
        Envoy::start(&self.binary, &compiled.resources, &self.network).await
    }

    async fn called(&mut self, item: &CallItem) -> Result<Vec<Observed>> {
        let callers = ground::callers(&self.world, item.caller());
        let caller = *callers.first().context("no such workload")?;
        let connection = ground::connection(&self.ground, &self.world, caller, item);
        let connection = connection.context("the name has no address")?;
        ensure!(
            !connection.tls,
            "TLS needs certificates, which a static bootstrap lacks"
        );
        let name = ground::pod_owner(caller);
        if !self.proxies.contains_key(&name) {
            let proxy = self.proxy(caller).await?;
            self.proxies.insert(name.clone(), proxy);
        }
        let proxy = self.proxies.get(&name).context("it was started above")?;
        let socket = proxy.listener(connection.destination)?;

        let first = self.made;
        self.made += item.times;
        let calls = (first..self.made).map(|number| async move {
            let mark = number.to_string();
            let answer = client::call(item, &mark, TcpTransport.connect(socket)).await;
            (mark, answer)
        });
        let together = usize::try_from(item.concurrency)?;
        let answers: Vec<(String, Answer)> = stream::iter(calls).buffered(together).collect().await;
        Ok(assemble(answers, &self.arrivals.take(), &[]))
    }
}

impl Mesh for StockMesh {
    async fn change(&mut self, step: &Step) -> Result<(), String> {
        self.changed(step).map_err(|error| format!("{error:#}"))
    }

    async fn call(&mut self, item: &CallItem) -> Result<Vec<Observed>, String> {
        let seen = self.called(item).await;
        seen.map_err(|error| format!("{error:#}"))
    }
}
