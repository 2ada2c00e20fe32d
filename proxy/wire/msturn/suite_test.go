package msturn_test

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

func TestMSTURN(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "msturn")
}
