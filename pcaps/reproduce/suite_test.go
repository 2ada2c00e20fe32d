package reproduce_test

import (
	"flag"
	"testing"

	"rehearse/simulator/world/worldtest"
)

func TestReproduce(t *testing.T) { worldtest.Suite(t, "reproduce") }

// TestMain takes the flags -all and -remake.
func TestMain(m *testing.M) {
	flag.Bool("all", false, "run every round trip, not some")
	flag.Bool("remake", false, "make the samples again")
	m.Run()
}
