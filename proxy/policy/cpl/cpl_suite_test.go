package cpl_test

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

func TestCPL(t *testing.T) { RegisterFailHandler(Fail); RunSpecs(t, "policy language") }
