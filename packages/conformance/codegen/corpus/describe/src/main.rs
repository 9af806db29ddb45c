//! Prints, as JSON, what the compiled corpus says of itself: of each service the methods with their
//! ids as the service macro computes them, and values as the crates' encoder writes them.

mod catalogue;
mod document;
mod height;
mod json;
mod sample;
mod seed;
mod signature;
mod written;

use std::collections::BTreeSet;

use facet_core::Shape;
use roam::RpcPlan;
use roam::session::{MethodDescriptor, ServiceDescriptor};

use catalogue::Entry;
use document::Types;
use json::{Object, array, text};
use seed::Seed;

/// Values of each method's arguments, and of what it returns.
const SAMPLES: usize = 4;

fn main() {
    // Told in the output.
    std::panic::set_hook(Box::new(|_| {}));
    let infallible = catalogue::infallible();
    let mut program = Program::default();
    let services = catalogue::services().into_iter().map(|entry| {
        let Entry {
            package,
            descriptor,
        } = entry;
        program.service(package, descriptor, &infallible)
    });
    let services = array(services);
    let written = written::values().into_iter().map(|value| {
        Object::new()
            .text("method", value.method)
            .raw("isReturned", value.is_returned.to_string())
            .text("bytes", &json::hex(&value.bytes))
            .end()
    });
    let all = Object::new().raw("services", services);
    let all = all
        .raw("types", program.types.json())
        .raw("written", array(written));
    println!("{}", all.end());
}

#[derive(Default)]
struct Program {
    seed: Seed,
    types: Types,
}

impl Program {
    fn service(
        &mut self,
        package: &str,
        descriptor: &'static ServiceDescriptor,
        infallible: &BTreeSet<&str>,
    ) -> String {
        let name = descriptor.service_name;
        let methods = descriptor.methods.iter().map(|one| {
            let is_infallible = infallible.contains(format!("{name}.{}", one.method_name).as_str());
            self.method(one, is_infallible)
        });
        let methods = array(methods);
        Object::new()
            .text("package", package)
            .text("name", name)
            .option("doc", descriptor.doc)
            .raw("methods", methods)
            .end()
    }

    fn method(&mut self, method: &'static MethodDescriptor, is_infallible: bool) -> String {
        let shapes: Vec<_> = method.args.iter().map(|arg| arg.shape).collect();
        let (signature, items) = signature::of(&shapes, method.return_shape);
        let channels = array(shapes.iter().flat_map(|shape| channels(shape)));
        let item_samples = array(items.iter().map(|item| self.samples(&[*item])));
        Object::new()
            .text("name", method.method_name)
            .option("doc", method.doc)
            .text("id", &format!("{:016x}", method.id.0))
            .text("signature", &json::hex(&signature))
            .raw("args", self.types.args(method.args))
            .raw("returns", self.types.of(method.return_shape))
            .raw("isInfallible", is_infallible.to_string())
            .raw("channels", channels)
            .raw("itemSamples", item_samples)
            .raw("argSamples", self.samples(&shapes))
            .raw("returnSamples", self.samples(&[method.return_shape]))
            .end()
    }

    fn samples(&mut self, shapes: &[&'static Shape]) -> String {
        array((0..SAMPLES).map(|_| sample::sample(shapes, &mut self.seed)))
    }
}

/// `"rx 16"` for each channel in a type, as the crate finds them.
fn channels(shape: &'static Shape) -> Vec<String> {
    let found = RpcPlan::for_shape(shape).channel_locations.iter();
    let shown = found.map(|place| {
        let kind = format!("{:?}", place.kind).to_lowercase();
        text(&format!("{kind} {}", place.initial_credit))
    });
    shown.collect()
}
