await import(process.argv[2]);
process.stdout.write(String(process.memoryUsage.rss()));
