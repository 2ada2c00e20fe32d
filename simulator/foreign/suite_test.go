package foreign_test

import (
	"testing"

	"rehearse/simulator/world/worldtest"
)

func TestForeign(t *testing.T) { worldtest.Suite(t, "foreign") }
