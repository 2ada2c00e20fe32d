//go:build !race

package policy_test

const racing = false
