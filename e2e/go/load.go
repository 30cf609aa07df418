package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/apache/rocketmq-client-go/v2/consumer"
	"github.com/apache/rocketmq-client-go/v2/primitive"
)

const senders = 8

// produce sends until told to stop; each acknowledged message is a line "number queueId queueOffset" of the file.
func produce(r *run) (figures, error) {
	p, err := r.producer()
	if err != nil {
		return nil, err
	}
	file, err := os.Create(r.text("file"))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	acknowledgements := bufio.NewWriter(file)
	var lock sync.Mutex
	var next, acknowledged, failed atomic.Int64
	var all sync.WaitGroup
	for i := 0; i < senders; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for !r.isStopped() {
				n := int(next.Add(1) - 1)
				message := primitive.NewMessage(r.topic(), []byte(fmt.Sprintf("load %d", n)))
				message.WithProperty("n", fmt.Sprint(n))
				result, err := p.SendSync(context.Background(), message)
				if err != nil || result.Status != primitive.SendOK {
					failed.Add(1)
					r.pause(20 * time.Millisecond)
					continue
				}
				lock.Lock()
				fmt.Fprintln(acknowledgements, n, result.MessageQueue.QueueId, result.QueueOffset)
				lock.Unlock()
				acknowledged.Add(1)
			}
		}()
	}
	for !r.pause(50 * time.Millisecond) {
		r.event(figures{"acknowledged": acknowledged.Load()})
	}
	all.Wait()
	if err := acknowledgements.Flush(); err != nil {
		return nil, err
	}
	return figures{"acknowledged": acknowledged.Load(), "failed": failed.Load()}, nil
}

// consume consumes until told to stop; each distinct message is a line "number" of the file.
func consume(r *run) (figures, error) {
	var lock sync.Mutex
	seen := map[int]bool{}
	deliveries := 0
	c, err := r.pushConsumer(r.group("consumer"), "*", func(_ context.Context, messages ...*primitive.MessageExt) (consumer.ConsumeResult, error) {
		lock.Lock()
		defer lock.Unlock()
		for _, message := range messages {
			seen[numberOf(message)] = true
			deliveries++
		}
		return consumer.ConsumeSuccess, nil
	})
	if err != nil {
		return nil, err
	}
	for !r.pause(100 * time.Millisecond) {
		lock.Lock()
		r.event(figures{"seen": len(seen), "deliveries": deliveries})
		lock.Unlock()
	}
	if err := c.Shutdown(); err != nil {
		return nil, err
	}
	lock.Lock()
	defer lock.Unlock()
	file, err := os.Create(r.text("file"))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	lines := bufio.NewWriter(file)
	for n := range seen {
		fmt.Fprintln(lines, n)
	}
	return figures{"seen": len(seen), "again": deliveries - len(seen)}, lines.Flush()
}

// stored reads all that the broker has of the topic; each message is a line "number queueId queueOffset" of the file.
func stored(r *run) (figures, error) {
	file, err := os.Create(r.text("file"))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	lines := bufio.NewWriter(file)
	c, queues, err := openAssigned(r, r.group("stored"))
	if err != nil {
		return nil, err
	}
	count := 0
	for _, queue := range queues {
		_, err := pullAll(c, queue, func(message *primitive.MessageExt) error {
			count++
			_, err := fmt.Fprintln(lines, numberOf(message), message.Queue.QueueId, message.QueueOffset)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return figures{"stored": count}, lines.Flush()
}
