package httpserver

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// certificateAge is how long a certificate is used before its files are looked
// at again.
const certificateAge = 10 * time.Second

// certificate is a key pair on disk that may be renewed while it is in use.
type certificate struct {
	files TLS
	log   *slog.Logger

	mu      sync.Mutex
	pair    *tls.Certificate
	looked  time.Time
	changed [2]time.Time // modification times of the files that pair came from
}

func tlsConfig(files TLS, log *slog.Logger) (*tls.Config, error) {
	c := &certificate{files: files, log: log}
	if err := c.load(); err != nil {
		return nil, err
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.get}
	if files.MinVersion == "1.3" {
		config.MinVersion = tls.VersionTLS13
	}
	return config, nil
}

// get implements tls.Config.GetCertificate. A renewed certificate that cannot
// be read, perhaps because only one of its files was replaced yet, leaves the
// old one in use.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.looked) > certificateAge {
		if err := c.load(); err != nil {
			c.log.Warn("still using the old certificate", "error", err)
		}
	}
	return c.pair, nil
}

// load reads the files if they changed since the last time.
func (c *certificate) load() error {
	c.looked = time.Now()
	var changed [2]time.Time
	for i, name := range []string{c.files.CertFile, c.files.KeyFile} {
		info, err := os.Stat(name)
		if err != nil {
			return fmt.Errorf("tls: %w", err)
		}
		changed[i] = info.ModTime()
	}
	if c.pair != nil && changed == c.changed {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(c.files.CertFile, c.files.KeyFile)
	if err != nil {
		return fmt.Errorf("tls: cannot use the certificate %s with the key %s: %w", c.files.CertFile, c.files.KeyFile, err)
	}
	c.pair, c.changed = &pair, changed
	return nil
}
