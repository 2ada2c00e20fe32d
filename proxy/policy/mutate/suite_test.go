package mutate_test

import (
	"testing"

	"rehearse/simulator/world/worldtest"
)

func TestMutate(t *testing.T) { worldtest.Suite(t, "mutate") }
