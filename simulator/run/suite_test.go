package run_test

import (
	"testing"

	"rehearse/simulator/world/worldtest"
)

func TestRun(t *testing.T) { worldtest.Suite(t, "run") }
