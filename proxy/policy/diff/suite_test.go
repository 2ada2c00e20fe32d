package diff_test

import (
	"testing"

	"rehearse/simulator/world/worldtest"
)

func TestDiff(t *testing.T) { worldtest.Suite(t, "diff") }
