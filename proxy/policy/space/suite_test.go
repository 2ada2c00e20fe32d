package space_test

import (
	"testing"

	"rehearse/simulator/world/worldtest"
)

func TestSpace(t *testing.T) { worldtest.Suite(t, "space") }
