package dead_test

import (
	"testing"

	"rehearse/simulator/world/worldtest"
)

func TestDead(t *testing.T) { worldtest.Suite(t, "dead") }
