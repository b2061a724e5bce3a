# Run by `sysinit-vm doctor`: prints time=, disk= and inodes=, one a line.
echo "time=$(date +%s)"
echo "disk=$(df -P / | awk 'NR == 2 { print $5 }')"
echo "inodes=$(df -Pi / | awk 'NR == 2 { print $5 }')"
