//go:build race

package diagnose_test

// racing: under the race detector every fourth case stands for all.
const racing = true
