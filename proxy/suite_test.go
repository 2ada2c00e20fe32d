package proxy_test

import (
	"testing"

	"rehearse/simulator/world/worldtest"
)

func TestProxy(t *testing.T) { worldtest.Suite(t, "proxy") }
