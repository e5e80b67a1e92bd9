//! Likelihoods as operations of Burn's backends.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Flex, backend_extension};

use super::given::Given;
use super::pass::{self, Rows};
use crate::storage::{numbers, shape, tensor};

/// The operations.
#[backend_extension(Flex, Autodiff)]
pub trait LikelihoodOps: Backend {
    /// As [`bernoulli_in_doubt`](super::bernoulli_in_doubt).
    fn bernoulli(
        parameters: FloatTensor<Self>,
        x: FloatTensor<Self>,
        given: Given,
        doubt: f32,
    ) -> FloatTensor<Self>;

    /// As [`sigmoid`](super::sigmoid).
    fn logistic(x: FloatTensor<Self>) -> FloatTensor<Self>;
}

impl LikelihoodOps for Flex {
    fn bernoulli(
        parameters: FloatTensor<Self>,
        x: FloatTensor<Self>,
        given: Given,
        doubt: f32,
    ) -> FloatTensor<Self> {
        let dims = shape(&parameters);
        let rows = Rows { parameters: &numbers(&parameters), x: &numbers(&x), width: dims[2], given, doubt };
        tensor(pass::forward(rows), &dims[..2])
    }

    fn logistic(x: FloatTensor<Self>) -> FloatTensor<Self> {
        tensor(pass::logistic(&numbers(&x)), &shape(&x))
    }
}

impl<C: CheckpointStrategy> LikelihoodOps for Autodiff<Flex, C> {
    fn bernoulli(
        parameters: FloatTensor<Self>,
        x: FloatTensor<Self>,
        given: Given,
        doubt: f32,
    ) -> FloatTensor<Self> {
        let nodes = [parameters.node(), x.node()];
        let (parameters, x) = (parameters.into_primitive(), x.into_primitive());
        let output = Flex::bernoulli(parameters.clone(), x.clone(), given, doubt);
        match Bernoulli.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish((parameters, x, given, doubt), output),
            OpsKind::UnTracked(prepared) => prepared.finish(output),
        }
    }

    fn logistic(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let node = [x.node()];
        let output = Flex::logistic(x.into_primitive());
        match Logistic.prepare::<C>(node).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish(output.clone(), output),
            OpsKind::UnTracked(prepared) => prepared.finish(output),
        }
    }
}

#[derive(Debug)]
struct Bernoulli;

impl Backward<Flex, 2> for Bernoulli {
    type State = (FloatTensor<Flex>, FloatTensor<Flex>, Given, f32);

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let [of_parameters, of_x] = ops.parents;
        let gradient = grads.consume::<Flex>(&ops.node);
        let (parameters, x, given, doubt) = ops.state;
        let (gradient, dims) = (numbers(&gradient), shape(&parameters));
        let (parameters, x) = (numbers(&parameters), numbers(&x));
        let rows = Rows { parameters: &parameters, x: &x, width: dims[2], given, doubt };
        if let Some(node) = of_parameters {
            grads.register::<Flex>(node.id, tensor(pass::of_parameters(&gradient, rows), &dims));
        }
        if let Some(node) = of_x {
            grads.register::<Flex>(node.id, tensor(pass::of_x(&gradient, rows), &[dims[0], dims[2]]));
        }
    }
}

#[derive(Debug)]
struct Logistic;

impl Backward<Flex, 1> for Logistic {
    type State = FloatTensor<Flex>;

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let [x] = ops.parents;
        let gradient = grads.consume::<Flex>(&ops.node);
        if let Some(node) = x {
            let made = pass::logistic_backward(&numbers(&gradient), &numbers(&ops.state));
            grads.register::<Flex>(node.id, tensor(made, &shape(&ops.state)));
        }
    }
}
