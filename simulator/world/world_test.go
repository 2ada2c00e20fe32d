package world_test

import (
	"testing"

	"rehearse/simulator/world/worldtest"
)

func TestWorld(t *testing.T) { worldtest.Suite(t, "world") }
