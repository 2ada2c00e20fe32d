package flow_test

import (
	"testing"

	"rehearse/simulator/world/worldtest"
)

func TestFlow(t *testing.T) { worldtest.Suite(t, "flow") }
