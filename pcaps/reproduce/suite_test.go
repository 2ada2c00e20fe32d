package reproduce_test

import (
	"flag"
	"testing"

	"rehearse/simulator/world/worldtest"
)

func TestReproduce(t *testing.T) { worldtest.Suite(t, "reproduce") }

// TestMain takes the flag -all.
func TestMain(m *testing.M) {
	flag.Bool("all", false, "run every round trip, not some")
	m.Run()
}
