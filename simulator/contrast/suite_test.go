package contrast_test

import (
	"testing"

	"rehearse/simulator/world/worldtest"
)

func TestContrast(t *testing.T) { worldtest.Suite(t, "contrast") }
