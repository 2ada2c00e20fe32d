//go:build race

package policy_test

// racing: the race detector makes pools forget at random.
const racing = true
