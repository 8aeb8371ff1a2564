"""The losses of a generator and a critic, and the slopes of a critic."""

import torch
from jetgen.torch.clouds.adversarial import critic_loss, generator_loss, gradient_norms


def test_the_slope_of_a_critic_is_over_all_of_its_inputs_and_no_padding():
    points, pairs = torch.randn(2, 3, 2), torch.randn(2, 3, 1)
    mask, both = torch.tensor([[1, 1, 0], [1, 0, 0]]).bool(), torch.tensor([[1, 0, 0], [0, 0, 0]]).bool()

    def score(points, pairs=None):
        whole = points.sum((1, 2)) * 2
        return whole if pairs is None else whole + 3 * pairs.sum((1, 2))

    torch.testing.assert_close(gradient_norms(score, (points, mask)).square(), torch.tensor([16.0, 8.0]))
    slopes = gradient_norms(score, (points, mask), (pairs, both))
    torch.testing.assert_close(slopes.square(), torch.tensor([16.0 + 9.0, 8.0]))


def test_scores_that_say_nothing_cost_both_the_same():
    none = torch.zeros(4)
    ln2 = torch.tensor(2.0).log()
    torch.testing.assert_close(critic_loss("relativistic", none, none), ln2)
    torch.testing.assert_close(generator_loss("relativistic", none, none), ln2)
    assert critic_loss("lsgan", none + 1, none) == 0
    assert generator_loss("lsgan", None, none + 1) == 0
