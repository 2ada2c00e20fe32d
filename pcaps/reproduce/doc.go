// Package reproduce makes a scenario of a capture, one that ends as the capture did.
//
// In comes what package story reads of a capture; out comes a Plan, which is a
// scenario with the origin of each of its values, and what its rehearsal still does
// differently. What the capture shows is taken from it: who the clients are, how
// they come to the interceptor, which certificates they saw, which names were not
// there. What it does not show (release, policy, kind of client, what was wrong with
// a server) is found by trying: each hypothesis is rehearsed, the rehearsal is
// captured, and the signatures of both captures are compared by the same code.
//
// The one thing to know: a plan that has the capture's signature is the first such
// in the order of the hypotheses, the simplest first. Others may explain the capture
// as well.
package reproduce
