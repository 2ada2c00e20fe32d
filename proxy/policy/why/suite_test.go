package why_test

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

func TestWhy(t *testing.T) { RegisterFailHandler(Fail); RunSpecs(t, "why") }
