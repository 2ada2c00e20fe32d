package mutation_test

import (
	"testing"

	"rehearse/simulator/world/worldtest"
)

func TestMutation(t *testing.T) { worldtest.Suite(t, "mutation") }
